"""Power cuts at many points of a hub's day: what it confirmed is there, and it goes on.

Recorded are enrolments and batches of several nodes at once, a ``kill -9``, and a publication
meanwhile. At each point the disk is put back as it may be after a cut, with everything lost that
was not synced; then the hub starts, and the nodes send again what they have no answer to.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cache.clock import Clock
from cache.state import StateDirectory
from hub.layout import HubDirectory
from hub.registry.enrolment import enrol, list_nodes
from hub.serve.service import Service, open_service
from tests.support import hub_day
from tests.support.hub_day import BATCHES, NEW_VERSION, STATEMENTS, Pupil, pupil
from tests.support.in_process import hub_here, uses_here, work_here
from tests.support.power_cut import Loss, Recorder, Recording, record
from tests.support.small_world import (
    SmallWorld,
    Template,
    Use,
    assert_holds,
    packhorse,
    publish,
    set_hub,
)

NODES = 3
INTERRUPTED = """
import os, sys
from pathlib import Path
import obstore
from obstore.store import LocalStore
from packager.remote import open_remote
place = Path(sys.argv[1])
store = LocalStore(prefix=place / "repository")
obstore.put(store, "bundles/aa/1", (place / "bundle").read_bytes())
obstore.put(store, "incoming/2", b"a role")
remote = open_remote(str(place / "repository"))
assert remote.upload("bundles/aa/1", place / "bundle", lambda _: None) == 0
assert not remote.put_new("incoming/2", b"a role")
os.write(1, b"sent")
"""


@dataclass(frozen=True)
class Day:
    """A recorded day."""

    world: SmallWorld
    recording: Recording
    pupils: list[Pupil]

    def confirmed(self, point: int) -> list[list[str]]:
        """Give what the hub had confirmed by a point, in words."""
        said = b"".join(text for at, text in self.recording.sayings() if at <= point).decode()
        return [line.split() for line in said.splitlines()]


@pytest.fixture(scope="module")
def day(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with SmallWorld(template, tmp_path_factory.mktemp("hub-day"), version=2) as world:
        shutil.copytree(template.root / "workspace", world.path / "workspace")
        made = [
            packhorse("hub", "token", world.hub, f"school-{number}").strip()
            for number in range(NODES)
        ]
        argv: list[str | Path] = [sys.executable, hub_day.__file__, world.path, *made]
        with Recorder(argv, world.hub) as recorder:
            recording = recorder.finish(seconds=600)
        assert recording.returncode == 0, recording.output.decode(errors="replace")
        service = open_service(HubDirectory(world.hub), Clock())
        pupils = [pupil(service.hub, token) for token in made]
        service.registry.close()
        yield Day(world, recording, pupils)
        recording.close()


@pytest.mark.parametrize(
    ("loss", "points"),
    [
        (Loss.EVERYTHING, 8),
        pytest.param(Loss.EVERYTHING, 200, marks=pytest.mark.crash),
        pytest.param(Loss.DATA, 40, marks=pytest.mark.crash),
        pytest.param(Loss.MIXED, 40, marks=pytest.mark.crash),
        pytest.param(Loss.NOTHING, 40, marks=pytest.mark.crash),
    ],
)
def test_nothing_confirmed_is_lost(day: Day, tmp_path: Path, loss: Loss, points: int) -> None:
    for number, point in enumerate(day.recording.spread(points)):
        place = tmp_path / str(point)
        day.recording.materialise(point, place / "hub", loss=loss, seed=point)
        try:
            check_statements(day, point, place / "hub")
            check_publication(day, point, place, again=not number % 4)
        except BaseException as error:
            error.add_note(f"after {point} operations, losing {loss.value}; left in {place}")
            raise
        shutil.rmtree(place)


def test_what_an_interrupted_publication_left_becomes_durable(
    template: Template, tmp_path: Path
) -> None:
    shutil.copytree(template.repository, tmp_path / "repository")
    (tmp_path / "bundle").write_bytes(b"a bundle" * 1000)
    argv: list[str | Path] = [sys.executable, "-c", INTERRUPTED, tmp_path]
    recording = record(argv, tmp_path / "repository")
    assert recording.returncode == 0, recording.output.decode(errors="replace")
    recording.materialise(recording.said(b"sent"), tmp_path / "after")
    recording.close()
    assert (tmp_path / "after/bundles/aa/1").read_bytes() == b"a bundle" * 1000
    assert (tmp_path / "after/incoming/2").read_bytes() == b"a role"


def check_statements(day: Day, point: int, hub: Path) -> None:
    """Start the hub, compare with what it had confirmed, and send everything once more."""
    service = open_service(HubDirectory(hub), Clock())
    try:
        service.sequencer.run()
        service.intake.recover()
        confirmed = day.confirmed(point)
        enrolled = {words[1] for words in confirmed if words[0] == "enrolled"}
        assert enrolled <= {node.id for node in list_nodes(service.registry)}
        before = uses_here(hub)
        assert set(before.values()) <= {1}
        taken = {(words[1], int(words[2])) for words in confirmed if words[0] == "taken"}
        assert {use for node, number in taken for use in uses_of(node, number)} <= set(before)
        for one in day.pupils:
            send_again(service, one)
    finally:
        service.registry.close()
    everything = {
        use
        for one in day.pupils
        for number in range(BATCHES)
        for use in uses_of(one.node.id, number)
    }
    assert uses_here(hub) == Counter(everything)


def send_again(service: Service, one: Pupil) -> None:
    """Do what a node does that has no answer to anything: the same again is harmless."""
    reply = enrol(service.registry, service.hub, one.request(), Clock().wall())
    assert reply.node == one.node.id
    for number in range(BATCHES):
        answer = service.intake.take(one.batch(number))
        assert answer.contiguous >= (number + 1) * STATEMENTS
        assert (answer.rejected, answer.conflicts) == ([], [])


def check_publication(day: Day, point: int, place: Path, *, again: bool) -> None:
    """Let a new school fetch what is published, and what is published again after the cut."""
    hub = place / "hub"
    state = StateDirectory(place / "node")
    shutil.copytree(day.world.template.root / "node", state.root)
    with hub_here(hub) as url:
        set_hub(state, url)
        summary = work_here("pull", state)
        assert summary.problems == []
        version = summary.packs[0].version
        if ["published", str(NEW_VERSION)] in day.confirmed(point):
            assert version == NEW_VERSION
        assert_holds(hub / "repository", state, version)
        if again and version != NEW_VERSION:
            shutil.copytree(day.world.template.root / "workspace", place / "workspace")
            publish(place / "course", hub, NEW_VERSION)
            assert work_here("pull", state).problems == []
            assert_holds(hub / "repository", state, NEW_VERSION)


def uses_of(node: str, batch: int) -> set[Use]:
    """Give what a batch of a node says."""
    first = batch * STATEMENTS + 1
    return {(node, position) for position in range(first, first + STATEMENTS)}
