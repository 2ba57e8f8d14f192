"""Calls of one method: they take turns, and few wait."""

import asyncio

from core.errors import UnavailableError
from edge_client.agent.methods import NoCall, method
from tests.support.clock import FixedClock


async def test_few_wait_behind_a_call_that_hangs_though_their_callers_leave() -> None:
    clock, go = FixedClock(), asyncio.Event()
    done: list[int] = []

    async def hang(_call: NoCall) -> None:
        await go.wait()
        done.append(1)

    one = method(clock, NoCall, hang, burst=1, refill=1.0)
    refused = None
    for _ in range(1000):
        caller = asyncio.create_task(one.answer({}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if caller.done():
            refused = caller.exception()
            break
        caller.cancel()
        clock.advance(10)

    assert isinstance(refused, UnavailableError)
    go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert len(done) == 50
