"""The real agent of a real state directory, as a process, and a client of its socket."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.control import SOCKET_NAME, Status
from edge_client.control_client import ControlClient, connect

_SECONDS = 30


class AgentProcess:
    """``python -m edge_client.agent`` while inside.

    Args:
        root: the node's state directory.
        variables: of its environment, beside the test's.
    """

    def __init__(self, root: Path, **variables: str) -> None:
        self.root = root
        self._variables = variables

    def __enter__(self) -> Self:
        known = {name: value for name, value in os.environ.items() if "PACKHORSE" not in name}
        with (self.root / "agent.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_client.agent", "--state", str(self.root)],
                stderr=log, env={**known, "PACKHORSE_LISTEN": "127.0.0.1:0", **self._variables},
            )  # fmt: skip
        deadline = time.monotonic() + _SECONDS
        while not (client := connect(self.root / SOCKET_NAME)):
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        with client:
            return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_SECONDS)
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        """What it narrated."""
        return (self.root / "agent.log").read_text()

    def client(self) -> ControlClient:
        """Connect."""
        client = connect(self.root / SOCKET_NAME)
        assert client is not None, self.log
        return client

    def call(self, method: str, **params: object) -> Any:
        """Call a method; give its result.

        Raises:
            PackhorseError: the agent refuses.
        """
        with self.client() as client:
            return client.call(method, **params)

    def status(self) -> Status:
        """Ask for the status."""
        with self.client() as client:
            return client.status()
