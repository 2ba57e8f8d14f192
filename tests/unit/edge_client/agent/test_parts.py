"""How the agent's parts are put together."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.control_calls import TimeCall
from edge_client.agent.__main__ import Agent
from edge_client.agent.rounds import Rounds
from edge_client.config import NodeConfig
from tests.support.clock import FixedClock
from tests.support.nodes import make_state


async def test_a_pull_that_runs_for_days_makes_way_for_a_time_that_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its worker has read what the clocks say when it began: hours, month and order are by a guess.
    told: list[str] = []
    monkeypatch.setattr(Rounds, "line_changed", lambda _: told.append("anew"))
    clock = FixedClock()
    clock.set_wall(datetime.fromtimestamp(60, UTC), synchronised=False)
    agent = Agent(make_state(tmp_path), NodeConfig(), clock)

    await agent.methods["confirm_time"].run(TimeCall(local="2026-11-25T08:28"))

    assert told == ["anew"]
