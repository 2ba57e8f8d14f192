"""A line for code that has no event loop: it runs in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from packhorse.line.counters import Counters
from packhorse.line.emulator import Line
from packhorse.line.options import LineOptions

_SECONDS = 10.0
_LAST_ROUNDS = 0.05

_Result = TypeVar("_Result")


class RunningLine:
    """A handle on a line in another thread; each call returns once the line has obeyed."""

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        """Hold a started line and the loop that runs it."""
        self._line = line
        self._loop = loop
        self.address = line.address

    @property
    def url(self) -> str:
        """The address as an HTTP base URL, without a slash at its end."""
        host, port = self.address
        return f"http://{host}:{port}"

    def down(self) -> None:
        """Cut the line until `up`."""
        self._call(self._line.down)

    def up(self) -> None:
        """Mend the line."""
        self._call(self._line.up)

    def cut(self) -> None:
        """Cut all open connections once."""
        self._call(self._line.cut)

    def change(self, **fields: Any) -> None:  # noqa: ANN401 -- LineOptions' own fields, checked there
        """Replace some options, by the names of `LineOptions`.

        Raises:
            UsageError: A value is out of its range.
        """
        self._call(lambda: self._line.change(**fields))

    def stats(self) -> Counters:
        """Return what was counted since the last reset."""
        return self._call(self._line.stats)

    def reset_stats(self) -> None:
        """Count from zero again."""
        self._call(self._line.reset_stats)

    def _call(self, action: Callable[[], _Result]) -> _Result:
        answer: Future[_Result] = Future()

        def obey() -> None:
            try:
                answer.set_result(action())
            except BaseException as error:  # noqa: BLE001 -- it is raised again, in the caller's thread
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(obey)
        return answer.result(_SECONDS)


@contextmanager
def running_line(
    upstream: tuple[str, int],
    options: LineOptions | None = None,
    *,
    listen: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[RunningLine]:
    """Run a line in a thread for as long as the `with` block lasts.

    Raises:
        OSError: The address cannot be listened on.
    """
    started: Future[RunningLine] = Future()
    stop = asyncio.Event()

    async def live() -> None:
        async with Line(upstream, options, listen=listen) as line:
            started.set_result(RunningLine(line, asyncio.get_running_loop()))
            await stop.wait()
        # Sockets that were just reset are let go of in the loop's next rounds.
        await asyncio.sleep(_LAST_ROUNDS)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="packhorse-line", daemon=True)
    thread.start()
    handle = started.result(_SECONDS)
    try:
        yield handle
    finally:
        handle._call(stop.set)  # noqa: SLF001 -- the handle is ours, and no one else may stop it
        thread.join(_SECONDS)
