"""The socket's method about the doctor."""

from typing import Final

from cache.clock import Clock
from cache.state import StateDirectory
from core.control_calls import Finding
from edge_client.agent.inquiries import inquire
from edge_client.agent.methods import Methods, NoCall, method

_SECONDS: Final = 60.0
_BURST: Final = 5
_REFILL_SECONDS: Final = 10.0


def methods(clock: Clock, state: StateDirectory) -> Methods:
    """Give the methods."""

    async def doctor(_call: NoCall) -> list[Finding]:
        arguments = ["--state", str(state.root)]
        return await inquire("edge_client.doctor", arguments, list[Finding], seconds=_SECONDS)

    return {"doctor": method(clock, NoCall, doctor, burst=_BURST, refill=_REFILL_SECONDS)}
