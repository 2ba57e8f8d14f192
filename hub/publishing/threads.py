"""Work that changes the disk, away from the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
    """Do ``work`` in a thread; whoever is cancelled meanwhile is so only after its end.

    So nothing goes on writing that its owner counts as stopped.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(work, *values, **named))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        if not doing.cancelled():
            # Nobody asks for it any more.
            doing.exception()
        raise
