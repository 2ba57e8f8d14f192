"""The connections of a line of tests: each is closed at its end, at whatever moment that comes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

Writers = list[asyncio.StreamWriter]
Serve = Callable[[asyncio.StreamReader, Writers], Coroutine[Any, Any, None]]

_LAST_ROUNDS: Final = 0.05


class Connections:
    """Those of one server.

    Args:
        serve: serves a client; adds the writers that it opens to the client's own.

    Attributes:
        live: what each connection has open, the client's own first.
    """

    def __init__(self, serve: Serve) -> None:
        self.live: dict[asyncio.Task[None], Writers] = {}
        self._serve = serve

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client over from its server."""
        # No coroutine: one that is cancelled before it begins closes nothing.
        writers = [writer]
        task = asyncio.get_running_loop().create_task(self._serve(reader, writers))
        self.live[task] = writers
        task.add_done_callback(self._forget)

    async def end(self) -> None:
        """End all that there are."""
        tasks = list(self.live)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # What was let go of is closed in the loop's next rounds.
        await asyncio.sleep(_LAST_ROUNDS)

    def _forget(self, task: asyncio.Task[None]) -> None:
        for writer in self.live.pop(task):
            if task.cancelled():
                # What nobody takes any more would keep it open.
                writer.transport.abort()
            else:
                writer.close()
