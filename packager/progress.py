"""Narration: what is being done, and progress bars on a terminal. All of it goes to stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


def say(text: str) -> None:
    """Tell the person what happens."""
    click.echo(text, err=True)


@contextmanager
def bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Open a phase of the work: a progress bar with the time left, on a terminal only.

    Args:
        label: what is done.
        total: bytes to do.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label=label, file=sys.stderr, show_eta=True) as shown:
        yield shown.update
