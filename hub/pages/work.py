"""Work that waits for a disk or a database, away from the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do ``work`` in a thread; it is not given up half-way when the reader leaves."""
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, work))
