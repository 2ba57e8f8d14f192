"""Work that is done in order beside what goes on, so that the line need not wait for it."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from cache import failpoints


class Beside:
    """Does one thing after the other; what follows one that failed is left out.

    Args:
        is_quick: whether nothing need be done beside: what is given is done at once.
    """

    def __init__(self, *, is_quick: bool = False) -> None:
        self._is_quick = is_quick
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()
        self._has_failed = False

    @property
    def is_busy(self) -> bool:
        """Whether something is not done yet."""
        return bool(self._waiting) and not self._waiting[-1].done()

    def start(self, work: Callable[[], None]) -> None:
        """Let ``work`` be done when what was given before is; raises what of that has failed."""
        if self._is_quick or failpoints.hook is not None:
            # A failpoint kills or fails in an order that can be repeated.
            work()
            return
        while self._waiting and self._waiting[0].done():
            self._take()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="beside")
        self._waiting.append(self._thread.submit(self._do, work))

    def wait(self) -> None:
        """Wait until all is done; raises what of it has failed."""
        while self._waiting:
            self._take()

    def close(self) -> None:
        """Wait likewise, and begin with nothing more."""
        try:
            self.wait()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
                self._thread = None

    def _take(self) -> None:
        """Take leave of the oldest; if it has failed, of all."""
        try:
            self._waiting.popleft().result()
        except BaseException:
            for one in self._waiting:
                one.exception()
            self._waiting.clear()
            self._has_failed = False
            raise

    def _do(self, work: Callable[[], None]) -> None:
        if self._has_failed:
            return
        try:
            work()
        except BaseException:
            self._has_failed = True
            raise
