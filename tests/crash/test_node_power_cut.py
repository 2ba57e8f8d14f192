"""Power cuts at many points of a node's day, with all or some of what was not synced lost.

The whole node is recorded: a pull of the first version, usage, a pull of the second meanwhile,
uploads, a portal that is killed and started again. At each point the disk is put back as it may
be after a cut, and the node goes on from there against the hub as it was then.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cache.agent_reader import AgentReader
from cache.state import StateDirectory
from tests.support import node_day
from tests.support.in_process import (
    copy_hub,
    hub_here,
    received,
    record_use,
    uses_here,
    work_here,
)
from tests.support.power_cut import Loss, Recorder, Recording
from tests.support.small_world import (
    SmallWorld,
    Template,
    Use,
    assert_clean,
    assert_holds,
    assert_serves_only_signed,
    set_hub,
    show,
)

HUBS = ("before", "between", "after")
AFTERWARDS: Use = ("0123456789abcdef", 1)


@dataclass(frozen=True)
class Day:
    """A recorded day."""

    world: SmallWorld
    recording: Recording

    def acknowledged(self, point: int) -> set[Use]:
        """Give the statements that the portal had acknowledged by a point."""
        said = b"".join(text for at, text in self.recording.sayings() if at <= point).decode()
        lines = [line.split() for line in said.splitlines() if line.startswith("acked ")]
        return {(session, int(one)) for _, session, *positions in lines for one in positions}

    def hub(self, point: int, state: StateDirectory) -> Path:
        """Give what the hub had received by a point, or a moment later."""
        known = AgentReader(state.agent).acknowledged()
        for name in HUBS:
            has = received(self.world.path / name)
            is_past = (
                name != HUBS[-1]
                and self.recording.said(f"hub {HUBS[HUBS.index(name) + 1]}".encode()) <= point
            )
            if not is_past and all(has.get(one, 0) >= last for one, last in known.items()):
                return self.world.path / name
        raise AssertionError(known)


@pytest.fixture(scope="module")
def day(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with SmallWorld(template, tmp_path_factory.mktemp("day")) as world:
        world.start_hub()
        argv: list[str | Path] = [
            sys.executable,
            node_day.__file__,
            world.path,
            template.root / "shown",
        ]
        with Recorder(argv, world.state.root) as recorder:
            recording = recorder.finish(seconds=600)
        assert recording.returncode == 0, recording.output.decode(errors="replace")
        yield Day(world, recording)
        recording.close()


@pytest.mark.parametrize(
    ("loss", "points"),
    [
        (Loss.EVERYTHING, 12),
        pytest.param(Loss.EVERYTHING, 200, marks=pytest.mark.crash),
        *(pytest.param(one, 60, marks=pytest.mark.crash) for one in Loss if one != Loss.EVERYTHING),
    ],
)
def test_nothing_is_lost(day: Day, tmp_path: Path, loss: Loss, points: int) -> None:
    for point in day.recording.spread(points):
        place = tmp_path / str(point)
        state = StateDirectory(place / "node")
        day.recording.materialise(point, state.root, loss=loss, seed=point)
        try:
            go_on(day, point, state, place / "hub")
        except BaseException as error:
            error.add_note(f"after {point} operations, losing {loss.value}; left in {place}")
            raise
        shutil.rmtree(place)


def go_on(day: Day, point: int, state: StateDirectory, hub: Path) -> None:
    """Check the disk after a cut, and let the node do what is left of its day."""
    template = day.world.template
    acknowledged = day.acknowledged(point)
    assert_clean(state)
    assert_serves_only_signed(state)
    copy_hub(day.world.hub, day.hub(point, state), hub)
    # Half of the nodes come back before the hub publishes the second version.
    for version in (1, 2) if point < day.recording.said(b"second pull") and point % 2 else (2,):
        show(template.root / "shown", hub, version)
        with hub_here(hub) as url:
            set_hub(state, url)
            assert work_here("pull", state).problems == []
        assert_holds(template.repository, state, version)
    with hub_here(hub) as url:
        set_hub(state, url)
        assert record_use(state, AFTERWARDS).damage == ""
        assert work_here("upload", state).problems == []
    assert_clean(state)
    uses = uses_here(hub)
    assert set(uses.values()) == {1}
    assert acknowledged | {AFTERWARDS} <= set(uses)
    assert set(uses) <= day.acknowledged(day.recording.points()) | {AFTERWARDS}
