"""How a command ends that makes one thing: asked to, or with a result that nobody may get."""

import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final

import click

from core.errors import ExhaustedError, UsageError
from packager.faults import is_full

# Windows has no closed terminals, and ends processes without asking.
_ASKING: Final = ("SIGTERM", "SIGHUP")
# A pipe whose reader has left, which is no fault; Windows calls it an invalid argument.
_NO_READER: Final = {errno.EPIPE, errno.EINVAL}


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a system that asks to end interrupt as Ctrl-C does, so that what was begun goes again."""
    asking = [getattr(signal, name) for name in _ASKING if hasattr(signal, name)]
    # What somebody else has chosen stays, as nohup's.
    numbers = [one for one in asking if signal.getsignal(one) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def tell(made: str, lines: Sequence[str]) -> None:
    """Print what a command came to, on stdout.

    Args:
        made: what it has made, as the person calls it.
        lines: what is printed.

    Raises:
        UsageError: stdout is closed; what was made stays.
        ExhaustedError: it is full; what was made stays.
    """
    stdout: IO[str] | None = sys.stdout
    if stdout is None:
        # The interpreter's last flush wants one.
        sys.stdout = os.fdopen(_nowhere(), "w", encoding="utf-8")
        raise _unprinted(made, OSError(errno.EBADF, ""))
    try:
        for line in lines:
            click.echo(line)
        stdout.flush()
    except OSError as error:
        if error.errno in _NO_READER:
            raise
        # What it still holds would be tried again.
        os.dup2(_nowhere(), stdout.fileno())
        raise _unprinted(made, error) from error


def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def _unprinted(made: str, error: OSError) -> ExhaustedError | UsageError:
    return (ExhaustedError if is_full(error) else UsageError)(
        "{made} is made, but what is to be said of it cannot be written: {reason}.",
        hint="It need not be made again. See where the command's output goes.",
        made=made,
        reason=os.strerror(error.errno or 0),
    )
