"""What is fuzzed: a function that is given bytes, and what its input is made of.

A target raises nothing, whatever it is given: what the code under test refuses is caught there,
and what it accepts is looked over. Whatever comes out is a finding.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

import msgspec
import zstandard

from core.errors import PackhorseError
from tests.fuzz.mutation import Mutator, Raw, Tree

# What taking apart raises for input that is damaged already.
_UNREADABLE: Final = (
    PackhorseError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    EOFError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    RecursionError,
    struct.error,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    zstandard.ZstdError,
    msgspec.MsgspecError,
)
_RAW_SHARE: Final = 0.15


def _keep(data: bytes) -> Tree:
    return data


def _same(tree: Tree) -> bytes:
    return tree if isinstance(tree, bytes) else b""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is fuzzed.

    Attributes:
        run: uses input; it fails if something is wrong.
        seeds: gives input to begin with.
        apart: takes input apart.
        together: puts it together again.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    apart: Callable[[bytes], Tree] = _keep
    together: Callable[[Tree], bytes] = _same

    def mutated(
        self, data: bytes, chance: Random, raw: Raw | None = None, bombs: float = 0.0
    ) -> bytes:
        """Change input, mostly in what it is made of.

        Args:
            data: the input.
            chance: decides.
            raw: changes bytes.
            bombs: how often few bytes become many millions.
        """
        mutator = Mutator(chance, raw, bombs=chance.random() < bombs)
        if chance.random() >= _RAW_SHARE:
            try:
                tree = self.apart(data)
                for _ in range(chance.choice([1, 1, 1, 2, 4])):
                    tree = mutator.changed(tree)
                return self.together(tree)
            except _UNREADABLE:
                pass
        return mutator.other_bytes(data) if raw is None else raw(data)


def see(is_so: object, what: str) -> None:
    """Fail, if something is not so."""
    if not is_so:
        raise AssertionError(what)
