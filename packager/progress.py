"""Narration: what is being done, and progress, for a person or for a program; all to stderr.

A program asks for it with ``--progress json``, and gets a line of JSON for each step of a phase,
``{"phase": "Full bundle", "done": 1000, "total": 5000}``, bytes (of renditions, work), and one for
the error that ended the command, ``{"error": {"template": ..., "hint": ..., "fields": {...}}}``.
What is said besides stands in lines that are not JSON.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import click
import msgspec

from cache.clock import Clock
from core.control import wording_of
from core.errors import PackhorseError

Narration = Literal["bar", "json"]
_PAUSE_SECONDS: Final = 0.5


def say(text: str) -> None:
    """Tell the person what happens."""
    click.echo(text, err=True)


def phases_for(narration: Narration) -> Callable[[str, int], AbstractContextManager["_Progress"]]:
    """Give what opens a phase of the work and tells of its progress."""
    return steps if narration == "json" else bar


_Progress = Callable[[int], None]


@contextmanager
def bar(label: str, total: int) -> Iterator[_Progress]:
    """Open a phase of the work: a progress bar with the time left, on a terminal only.

    Args:
        label: what is done.
        total: bytes to do, or what else its progress counts.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr, show_eta=True) as shown:
        yield shown.update


@contextmanager
def steps(label: str, total: int) -> Iterator[_Progress]:
    """Open a phase of the work, told as lines of JSON; arguments as for ``bar``."""
    phase = _Phase(label, total, Clock())
    phase.tell()
    yield phase.advance
    phase.tell()


@contextmanager
def errors_told(narration: Narration) -> Iterator[None]:
    """Tell a program of the error that ends the block, so that it can put it into its words."""
    try:
        yield
    except PackhorseError as error:
        if narration == "json":
            told = msgspec.to_builtins(wording_of(error))
            say(json.dumps({"error": told}, ensure_ascii=False))
        raise


@dataclass
class _Phase:
    label: str
    total: int
    clock: Clock
    done: int = 0
    told: float = 0

    def advance(self, count: int) -> None:
        self.done += count
        if self.clock.monotonic() - self.told >= _PAUSE_SECONDS:
            self.tell()

    def tell(self) -> None:
        self.told = self.clock.monotonic()
        step = {"phase": self.label, "done": self.done, "total": self.total}
        say(json.dumps(step, ensure_ascii=False))
