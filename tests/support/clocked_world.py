"""A real hub on loopback and nodes in the test's process, all on one clock that a test moves.

with clocked_world(tmp_path) as world:
    node = world.enrol("school-1")
    node.pull()
    world.clock.advance(40 * DAY)
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from cache.agent_db import AgentDatabase
from cache.clock import Clock
from cache.state import StateDirectory
from core.control import Status
from edge_client.agent.board import Board
from edge_client.readings import Reader
from hub.fleet import FleetEntry, View, list_fleet
from hub.newest import newest_versions
from hub.published import load_published
from hub.tokens import Terms, make_token
from sync.enrol import enrol
from sync.events import Summary
from sync.pull import run_pull
from sync.report import send_report, signed_report
from sync.upload import run_upload
from tests.support.clock import FixedClock
from tests.support.in_process import hub_here
from tests.support.node_state import Node
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

DAY = 86400.0


class ServedHub(TinyHub):
    """A hub whose sequencer is the serving one's; nobody else may sequence beside it."""

    def sequence(self) -> int:
        """Wait until what was published has been taken."""
        while self.sequencer.has_work():
            time.sleep(0.02)
        self.now = self.clock.wall()
        self.role = load_published(self.repository).roles[self.publisher.role]
        return 1


@dataclass
class ClockedNode(Node):
    """A node that is enrolled at the world's hub."""

    reports: list[str] = field(default_factory=list)

    def run(self, task: str) -> Summary:
        """Do what a worker does: the task, then the report that may be due."""
        context = self.context(None)
        summary = run_pull(context) if task == "pull" else run_upload(context)
        send_report(context, summary)
        return summary

    def poll(self) -> Summary:
        """Pull from the hub, and report."""
        return self.run("pull")

    def report_for_stick(self) -> bytes:
        """Make a report as an export does."""
        with closing(AgentDatabase(self.state)) as agent:
            return signed_report(self.context(None), agent)

    def status(self) -> Status:
        """Give the status that a screen would show."""
        board = Board(self.clock)
        board.read(Reader(self.state, disk_floor=0).read())
        return board.status()

    def on(self, clock: Clock) -> "ClockedNode":
        """Give the same node as a machine with another clock would run it."""
        return replace(self, clock=clock)


@dataclass
class ClockedWorld:
    """A hub that is served, and its nodes."""

    hub: ServedHub
    url: str
    clock: FixedClock
    path: Path

    def enrol(self, school: str) -> ClockedNode:
        """Enrol a new node by line."""
        token = make_token(
            self.hub.hub_directory, school, Terms(hub_url=self.url), self.clock.wall()
        )
        state = StateDirectory(self.path / f"node of {school}")
        enrol(state, token.text, self.clock)
        return ClockedNode(state, self.clock)

    def publish(self, pack: str, files: dict[str, bytes], version: int) -> None:
        """Publish files as a pack version, as of now."""
        self.hub.now = self.clock.wall()
        publish_files(self.hub, pack, files, version)

    def fleet(self) -> list[FleetEntry]:
        """Look at the fleet as the hub's admin does."""
        newest = newest_versions(self.hub.repository, load_published(self.hub.repository))
        return list_fleet(self.hub.service.registry, View(self.clock.wall(), newest))


@contextmanager
def clocked_world(path: Path, clock: FixedClock | None = None) -> Iterator[ClockedWorld]:
    """Make and serve a hub while inside."""
    clock = clock or FixedClock()
    hub = ServedHub(path, clock=clock, incoming_seconds=0.05)
    try:
        with hub_here(hub.hub_directory.root, clock) as url:
            yield ClockedWorld(hub, url, clock, path)
    finally:
        hub.close()
