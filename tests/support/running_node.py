"""A node that runs as a person runs it: the command, its supervisor, portal and agent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import ProxyHandler, build_opener

from tests.support.node_state import make_node
from tests.support.processes import end

PARTS = ("supervisor", "agent", "portal", "worker")
_SECONDS = 60


def enrolled(path: Path, root: bytes, url: str) -> Path:
    """Make the state directory of a node that is enrolled at ``url``; give it."""
    state = make_node(path, root).state.root
    identity = {
        "url": url, "hub": "h", "node": "4f1c", "school": "s-1", "token": "t", "root_version": 1
    }  # fmt: skip
    (state / "identity.json").write_text(json.dumps(identity))
    (state / "node.toml").write_text(
        '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n[disk]\nfloor_mb = 0\n'
    )
    return state


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run ``packhorse node`` with these words."""
    return subprocess.run(
        [sys.executable, "-m", "packhorse", "node", *words],
        check=False, capture_output=True, text=True, timeout=_SECONDS,
    )  # fmt: skip


def data(*words: str) -> Any:
    """Run it with ``--json``; give what it printed."""
    return json.loads(command(*words, "--json").stdout)


class RunningNode:
    """``packhorse node run`` while inside.

    Attributes:
        portal: address of the pages.
        seconds: from the start to the first page.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.portal = ""
        self.seconds = 0.0

    def __enter__(self) -> Self:
        begun = time.monotonic()
        with (self.state / "node.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "packhorse", "node", "run", "--state", str(self.state)],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            self.portal = json.loads(line)["portal"]
            assert b"<html" in self.page()
        except BaseException:
            self._end()
            raise
        self.seconds = time.monotonic() - begun
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        end(self._process, _SECONDS)

    @property
    def exit_code(self) -> int | None:
        """How it ended."""
        return self._process.returncode

    @property
    def log(self) -> str:
        """What it narrated."""
        return (self.state / "node.log").read_text()

    def page(self) -> bytes:
        """Fetch the first page."""
        with build_opener(ProxyHandler({})).open(self.portal, timeout=_SECONDS) as answer:
            return bytes(answer.read())

    def process(self, part: str) -> int | None:
        """Give the id of the running part of this name."""
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"edge_client.{part}".encode() in words and str(self.state).encode() in words:
                return int(entry.name)
        return None

    def kill(self, part: str) -> None:
        """Kill a part with SIGKILL."""
        process = self.process(part)
        assert process is not None, part
        os.kill(process, signal.SIGKILL)

    def until(self, true: Callable[[Any], bool]) -> Any:
        """Ask for the status until it is as wanted; give it."""
        deadline = time.monotonic() + _SECONDS
        while not true(status := data("status", "--state", str(self.state))):
            assert time.monotonic() < deadline, (status, self.log)
            time.sleep(0.05)
        return status
