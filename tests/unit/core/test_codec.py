"""Any number of threads may be the first that decode into a type.

Where they may not, the process crashes; that is why a process of its own decodes here.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec
import pytest

from core.codec import convert, json_decoder, msgpack_decoder

ROOT = Path(__file__).parents[3]
T = TypeVar("T")
# What msgspec sets.
LOOKED_AT: Final = "__msgspec_cache__"

HEAD = """
import faulthandler, sys, threading
import msgspec
from core.codec import convert, decode_json, decode_msgpack, json_decoder, msgpack_decoder

faulthandler.enable()
JSON = b'{"inner": [{"number": 1}]}'
PACKED = msgspec.msgpack.encode({"inner": [{"number": 1}]})
WAYS = [
    lambda kind: json_decoder(kind).decode(JSON),
    lambda kind: msgpack_decoder(kind).decode(PACKED),
    lambda kind: convert({"inner": [{"number": 1}]}, kind),
    lambda kind: decode_json(JSON, kind, what="It", limit=99),
    lambda kind: decode_msgpack(PACKED, kind, what="It", limit=99),
]

def all_of(*threads):
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""

# One thread is in the middle of a type, where msgspec asks for `slow()`, and another comes. That
# waits, and the first goes on after a moment; where it is let in, it crashes.
MEETING = """
def meet(first, second):
    in_the_middle, both_are_in = threading.Event(), threading.Event()

    def slow():
        in_the_middle.set()
        both_are_in.wait(0.2)
        return int

    def follow():
        in_the_middle.wait()
        found.append(second(Outer))
        both_are_in.set()

    global Inner
    globals()["slow"] = slow
    Inner = msgspec.defstruct("Inner", [("number", "slow()")], module="__main__")
    Outer = msgspec.defstruct("Outer", [("inner", "list[Inner]")], module="__main__")
    found = []
    all_of(
        threading.Thread(target=lambda: found.append(first(Outer))),
        threading.Thread(target=follow),
    )
    assert found == [Outer([Inner(1)])] * 2, found

for number, way in enumerate(WAYS):
    meet(way, WAYS[number - 1])
"""

# Whichever thread comes first to types that hold each other.
RACE = """
def race(number):
    def go(way):
        start.wait()
        found.append(way(Outer))

    fields = [(f"field{n}", f"Inner{number} | list[Outer{number}] | None", None) for n in range(10)]
    back = [("number", int), ("back", f"Outer{number} | None", None)]
    Inner = msgspec.defstruct(f"Inner{number}", back, module="__main__")
    Outer = msgspec.defstruct(
        f"Outer{number}", [("inner", f"list[Inner{number}]"), *fields], module="__main__"
    )
    globals().update({f"Inner{number}": Inner, f"Outer{number}": Outer})
    start, found = threading.Barrier(len(WAYS)), []
    all_of(*(threading.Thread(target=go, args=[way]) for way in WAYS))
    assert found == [Outer([Inner(1)])] * len(WAYS), found

sys.setswitchinterval(1e-6)
for number in range(200):
    race(number)
"""


@pytest.mark.parametrize("program", [MEETING, RACE], ids=["meeting", "race"])
def test_threads_may_be_the_first_together(program: str) -> None:
    command = [sys.executable, "-c", HEAD + program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_decoder_is_made_once() -> None:
    assert json_decoder(list[tuple[int, str]]) is json_decoder(list[tuple[int, str]])
    assert msgpack_decoder(int | None) is msgpack_decoder(int | None)
    assert json_decoder(int | None).decode("null") is None


def test_what_msgspec_cannot_decode_into_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(TypeError):
            json_decoder(list[int] | set[int])
        with pytest.raises(TypeError):
            msgpack_decoder(list[int] | set[int])


class Page(msgspec.Struct, Generic[T]):
    holds: T


def test_of_equal_generic_types_one_is_looked_at() -> None:
    one: Any = Page[int]
    other = one.copy_with((int,))
    assert one == other
    assert one is not other
    assert convert({"holds": 1}, one) == convert({"holds": 1}, other) == Page(1)
    assert (hasattr(one, LOOKED_AT), hasattr(other, LOOKED_AT)) == (True, False)
