"""Waiting for the disk beside the work, so that reading and hashing go on meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from cache import failpoints


class Disk:
    """Does one thing at a time; what it is given next waits for what is on."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._on: Future[None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin with ``work`` once what is on has ended.

        Raises:
            ExhaustedError: what was on has found the disk full, broken or read-only.
        """
        if failpoints.hook is not None:
            # A failpoint kills or fails in an order that can be repeated.
            work()
            return
        try:
            self.wait()
        finally:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
            self._on = self._thread.submit(work)

    def wait(self) -> None:
        """Wait for what is on.

        Raises:
            ExhaustedError: it has found the disk full, broken or read-only.
        """
        on, self._on = self._on, None
        if on is not None:
            on.result()

    def close(self) -> None:
        """Wait for what is on, and begin with nothing more.

        Raises:
            ExhaustedError: it has found the disk full, broken or read-only.
        """
        try:
            self.wait()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
                self._thread = None
