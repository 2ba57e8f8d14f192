"""Processes that work beside this one, and what becomes of them.

Each takes one task at a time over a pipe of its own, so that none that ends can make another wait.
They are in process groups of their own: Ctrl-C reaches this process alone, which ends them at
once; one whose parent has gone ends by itself.
"""

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any, Final, Self, TypeVar

from core.errors import ExhaustedError
from packager.delta.worker import read, write

_MODULE: Final = "packager.delta.worker"
_APART: dict[str, Any]
# Each in a process group of its own.
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _APART = {"process_group": 0}
_T = TypeVar("_T")


class Workers:
    """Processes that are started when there is work for them; to be used in a ``with`` block.

    Args:
        most: how many there are.
    """

    def __init__(self, most: int) -> None:
        """Start none yet."""
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="workers")
        self._own = threading.local()
        self._lock = threading.Lock()
        self._living: list[subprocess.Popen[bytes]] = []
        self._is_ending = False

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End: when all is done, else at once."""
        self.end(at_once=kind is not None)

    def end(self, *, at_once: bool) -> None:
        """End all processes.

        Args:
            at_once: whether their work is in vain.
        """
        self._threads.shutdown(wait=not at_once, cancel_futures=at_once)
        with self._lock:
            self._is_ending = True
            for process in self._living:
                process.kill()
        # Whoever waited for one has heard of its end by now.
        self._threads.shutdown()
        for process in self._living:
            _close(process)

    def submit(
        self, told: Callable[[float], None], function: Callable[..., _T], *words: object
    ) -> "Future[_T]":
        """Give a process a task; the future raises an ExhaustedError where memory is short.

        Args:
            told: is told by another thread what ``function`` tells.
            function: what is to be done, one that a module has; its last argument is who is told
                which share of it is done.
            words: its other arguments.
        """
        return self._threads.submit(self._do, told, function, words)

    def _do(
        self, told: Callable[[float], None], function: Callable[..., _T], words: tuple[object, ...]
    ) -> _T:
        process = self._process()
        try:
            write(_pipe(process.stdin), (function, words))
            while isinstance(answer := read(_pipe(process.stdout)), float):
                told(answer)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise _ended(process) from error
        result, failed = answer
        if failed is not None:
            raise _short_of_memory() if isinstance(failed, MemoryError) else failed
        found: _T = result
        return found

    def _process(self) -> subprocess.Popen[bytes]:
        """Give the process of this thread."""
        mine: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if mine is None or mine.poll() is not None:
            # Safe path: nothing is imported from where the admin happens to be.
            mine = subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                **_APART,
            )
            self._own.process = mine
            with self._lock:
                self._living.append(mine)
                if self._is_ending:
                    mine.kill()
        return mine


def _pipe(found: IO[bytes] | None) -> IO[bytes]:
    if found is None:
        raise AssertionError("a process without pipes")
    return found


def _close(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    for pipe in (process.stdin, process.stdout):
        try:
            _pipe(pipe).close()
        except OSError:
            # What nobody read any more.
            continue


def _ended(process: subprocess.Popen[bytes]) -> Exception:
    """Say why a process has ended before its work was done."""
    code = process.wait()
    if code >= 0 and sys.platform != "win32":
        return RuntimeError(f"{_MODULE} ended with {code}")
    return _short_of_memory()


def _short_of_memory() -> ExhaustedError:
    return ExhaustedError(
        "The system ended a process that was compressing, as it does when memory is short.",
        hint="Close other programs, then run the command again.",
    )
