"""A day of a node, to be recorded: pulls, usage, uploads; run as a program under the recorder.

    python node_day.py WORLD SHOWN

Says on stdout what happened, a line each, so that the recording knows what came before what:

    acked SESSION POSITION...      the portal has answered 204
    hub NAME                       a copy of the hub as it is now lies in WORLD/NAME
    phase NAME                     what begins now
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from tests.support.small_world import Player, end, portal_address, show

PUPILS = 3
POSTS = 4


class Day:
    """What happens, step by step.

    Args:
        world: holds ``hub`` and ``node``.
        shown: what of the hub's repository changes from version to version.
    """

    def __init__(self, world: Path, shown: Path) -> None:
        self.hub = world / "hub"
        self.node = world / "node"
        self._shown = shown
        self._world = world
        self._players: list[Player] = []
        self._next = 1

    def run(self) -> None:
        """Let it all happen."""
        self.phase("first pull")
        self.work("pull")
        self.phase("usage")
        portal = self.portal()
        address = portal_address(portal)
        self._players = [Player(address) for _ in range(PUPILS)]
        self.learn()
        self.copy_hub("before")
        self.phase("second pull")
        show(self._shown, self.hub, 2)
        learning = threading.Thread(target=self.learn)
        learning.start()
        self.work("pull")
        learning.join()
        self.phase("first upload")
        self.work("upload")
        self.copy_hub("between")
        self.phase("portal again")
        end(portal)
        self.prune()
        portal = self.portal()
        address = portal_address(portal)
        for player in self._players:
            player.move(address)
        self.learn()
        self.phase("second upload")
        self.work("upload")
        self.copy_hub("after")
        self.phase("evening")
        self.learn()
        end(portal, 15)

    def work(self, task: str) -> None:
        """Run a worker."""
        done = subprocess.run(
            [sys.executable, "-m", "edge_client.worker", task, "--state", self.node],
            stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        assert json.loads(done.stdout.splitlines()[-1])["summary"]["exit_code"] == 0

    def portal(self) -> "subprocess.Popen[bytes]":
        """Start a portal."""
        return subprocess.Popen(
            [sys.executable, "-m", "edge_client.portal", "--state", self.node],
            stdout=subprocess.PIPE,
        )

    def prune(self) -> None:
        """Do what the portal does every five minutes."""
        code = (
            "import sys; from pathlib import Path; from cache.agent_reader import AgentReader;"
            "from cache.clock import Clock; from cache.journal import Journal;"
            "from cache.state import StateDirectory; state = StateDirectory(Path(sys.argv[1]));"
            "known = AgentReader(state.agent).acknowledged();"
            "journal = Journal(state, fresh_epoch=bytes(8), at=Clock().wall(), acknowledged=known);"
            "assert journal.prune(known) > 0; journal.close()"
        )
        subprocess.run([sys.executable, "-c", code, self.node], check=True)

    def learn(self) -> None:
        """Let all pupils report at the same time, so that some share a commit."""
        first, self._next = self._next, self._next + 10 * POSTS
        threads = [
            threading.Thread(target=self._report, args=(player, first)) for player in self._players
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _report(self, player: Player, first: int) -> None:
        for number in range(POSTS):
            positions = range(first + 10 * number, first + 10 * number + 1 + number % 3)
            assert player.post(positions)
            say("acked", player.session, *positions)

    def copy_hub(self, name: str) -> None:
        """Keep what the hub has of usage by now."""
        folder = self._world / name
        folder.mkdir()
        shutil.copytree(self.hub / "usage", folder / "usage")
        with (
            closing(sqlite3.connect(self.hub / "registry.db")) as now,
            closing(sqlite3.connect(folder / "registry.db")) as copy,
        ):
            now.backup(copy)
        say("hub", name)

    def phase(self, name: str) -> None:
        """Say what begins."""
        say("phase", name)


def say(*words: object) -> None:
    """Write one line at once."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    Day(Path(sys.argv[1]), Path(sys.argv[2])).run()
