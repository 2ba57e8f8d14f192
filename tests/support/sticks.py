"""Sticks, and nodes that were never online: what a hub, a node and a person do with them.

hub = TinyHub(tmp_path)
setup = put_setup(hub, stick, "school-1")
mirror(hub, stick)
node = OfflineNode(tmp_path / "node")
node.enrol(setup)
node.take(stick)                 # ``node import``
node.use(3)                      # three statements
node.put(stick)                  # ``node export``
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cache.agent_reader import AgentReader
from cache.journal import Journal
from cache.state import StateDirectory
from core.stick import SETUP, SetupFile, encode_setup, setup_name
from core.token import decode_token
from core.trust.roles import metadata_path
from core.usage import Recorded, encode_record
from sync.enrol_setup import enrol_setup
from sync.events import Summary
from sync.identity import Identity, load_identity
from sync.stick.export import run_export
from sync.stick.importing import run_import
from tests.support.clock import FixedClock
from tests.support.node_state import Node
from tests.support.tiny_hub import TinyHub

_INCOMING = "incoming"


def make_setup(hub: TinyHub, school: str, *, name: str = "", days: int = 30) -> SetupFile:
    """Make a setup file of a new token, as the hub does."""
    text = hub.token(school, days)
    token = decode_token(text)
    roots = [
        (hub.directory / metadata_path("root", version)).read_bytes()
        for version in range(1, token.root_version + 1)
    ]
    return SetupFile(format=1, token=text, school=school, name=name, roots=roots)


def put_setup(hub: TinyHub, stick: Path, school: str = "school-1", *, name: str = "") -> Path:
    """Put a setup file of a new token on a stick; give its place."""
    path = stick / SETUP / setup_name(school)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_setup(make_setup(hub, school, name=name)))
    return path


def mirror(hub: TinyHub, stick: Path) -> None:
    """Copy a hub's repository to a stick, as a person with a file manager would."""
    ignore = shutil.ignore_patterns(_INCOMING)
    shutil.copytree(hub.directory, stick, ignore=ignore, dirs_exist_ok=True)


class OfflineNode(Node):
    """A node whose clock stands at 1970 and that nobody has told of a hub."""

    def __init__(self, path: Path) -> None:
        clock = FixedClock()
        clock.set_wall(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), synchronised=False)
        super().__init__(StateDirectory(path), clock)

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return load_identity(self.state)

    def enrol(self, setup: Path, *, again: bool = False) -> Identity:
        """Enrol from a setup file."""
        return enrol_setup(self.state, setup, again=again)

    def take(self, stick: Path) -> Summary:
        """Import a stick."""
        return self._run(lambda: run_import(self.context(None), stick))

    def put(self, stick: Path) -> Summary:
        """Export to a stick."""
        return self._run(lambda: run_export(self.context(None), stick))

    def use(self, count: int, *, pack: str = "gd/zhuhai/fish") -> None:
        """Record statements."""
        journal = Journal(
            self.state, fresh_epoch=self.identity.node.encode()[:8], at=self.clock.wall(),
            acknowledged=AgentReader(self.state.agent).acknowledged(),
        )  # fmt: skip
        with closing(journal):
            statements = [
                Recorded(
                    verb="played", pack=pack, version=1, item="item-1", session="s1", boot="b1",
                    offset=number, at=1000 + number, position=number, number=number,
                )
                for number in range(count)
            ]  # fmt: skip
            journal.append([encode_record(one) for one in statements], at=self.clock.wall())

    def _run(self, work: Callable[[], Summary]) -> Summary:
        self.events.clear()
        return work()
