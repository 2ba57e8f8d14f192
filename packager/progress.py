"""Narration: what is being done, and progress, for a person or for a program; all to stderr.

A program asks for it with ``--progress json``, and gets a line of JSON for each step of a phase,
``{"phase": "Full bundle", "done": 1000, "total": 5000, "seconds_left": 40}``, bytes (of renditions,
work; of what takes longer than the rest, they rise more slowly), and the time left as soon as that
can be said; and one for the error that ended the command,
``{"error": {"template": ..., "hint": ..., "fields": {...}}}``. What is said besides stands in lines
that are not JSON.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Literal

import click
import msgspec

from cache.clock import Clock
from core.control import wording_of
from core.errors import PackhorseError
from packager.bar import Bar
from packager.pace import Pace

Narration = Literal["bar", "json"]
GOES_ON: Final = "Interrupted. What is finished is kept: run the command again to go on."
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
    with Bar(label, total) as shown:
        yield shown.advance


@contextmanager
def steps(label: str, total: int) -> Iterator[_Progress]:
    """Open a phase of the work, told as lines of JSON; arguments as for ``bar``."""
    phase = _Phase(label, total, Clock())
    phase.tell()
    yield phase.advance
    phase.tell()


@contextmanager
def errors_told(narration: Narration, interrupted: str = GOES_ON) -> Iterator[None]:
    """Tell a program of the error that ends the block, so that it can put it into its words.

    Args:
        narration: how progress is told.
        interrupted: what a person is told who interrupts it.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        # On a terminal it stands behind what was typed.
        say(f"\n{interrupted}" if sys.stderr.isatty() else interrupted)
        raise click.Abort from error
    except PackhorseError as error:
        if narration == "json":
            told = msgspec.to_builtins(wording_of(error))
            say(json.dumps({"error": told}, ensure_ascii=False))
        raise


class _Phase:
    def __init__(self, label: str, total: int, clock: Clock) -> None:
        self._label = label
        self._total = total
        self._clock = clock
        self._done = 0
        self._told = 0.0
        self._pace = Pace(clock.monotonic())

    def advance(self, count: int) -> None:
        now = self._clock.monotonic()
        self._done += count
        self._pace.came(now, min(1.0, self._done / self._total) if self._total else 1.0)
        if now - self._told >= _PAUSE_SECONDS:
            self.tell()

    def tell(self) -> None:
        self._told = self._clock.monotonic()
        step: dict[str, str | int]
        step = {"phase": self._label, "done": self._done, "total": self._total}
        left = self._pace.left(self._told)
        if left is not None:
            step["seconds_left"] = round(left)
        say(json.dumps(step, ensure_ascii=False))
