"""The whole examination, in the order in which one thing explains the next."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from cache.state import StateDirectory
from core.control import SOCKET_NAME, Status
from core.control_calls import Finding
from core.errors import NoStateError, PackhorseError
from edge_client import config
from edge_client.control_client import connect
from edge_client.doctor import machine, membership, network, peers, stores
from edge_client.doctor.patient import Patient, of_error, receive, warning

PATIENCE_SECONDS: Final = 45.0
LOOKS: Final[tuple[tuple[str, Callable[[Patient], Iterator[Finding]]], ...]] = (
    ("clock", machine.clock),
    ("disk", machine.disk),
    ("state", stores.state),
    ("line", network.line),
    ("settings", network.settings),
    ("hub", network.hub),
    ("peers", peers.peers),
    ("enrolment", membership.enrolment),
    ("expiry", membership.expiry),
    ("assignment", membership.assignment),
    ("ports", network.ports),
    ("name", network.name),
    ("stick", stores.sticks),
)


def examine(state: StateDirectory, *, seconds: float = PATIENCE_SECONDS) -> list[Finding]:
    """Examine a node.

    Args:
        state: the node's state directory.
        seconds: how long it may take in all.

    Raises:
        NoStateError: there is no node.
        UsageError: its configuration cannot be used.
    """
    if not state.root.is_dir():
        raise NoStateError(
            "There is no node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(state.root),
        )
    patient = receive(state, config.load(state.root), _agent_says(state))
    begun = [_Look(name, look, patient) for name, look in LOOKS]
    deadline = time.monotonic() + seconds
    return [finding for one in begun for finding in one.findings(deadline)]


class _Look:
    """One look, in a thread: a stick that fails or a name server that is silent spoils no other."""

    def __init__(
        self, name: str, look: Callable[[Patient], Iterator[Finding]], patient: Patient
    ) -> None:
        self._name = name
        self._found: queue.SimpleQueue[list[Finding]] = queue.SimpleQueue()
        # A daemon, since it may never end.
        threading.Thread(target=self._run, args=(look, patient), daemon=True).start()

    def findings(self, deadline: float) -> list[Finding]:
        """Wait for what it finds, but not longer than until then (monotonic)."""
        try:
            return self._found.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            late = warning(
                self._name,
                "Looking at this takes too long.",
                hint="If a stick is plugged in, it may be failing: pull it out and try again.",
            )
            return [late]

    def _run(self, look: Callable[[Patient], Iterator[Finding]], patient: Patient) -> None:
        found: list[Finding] = []
        try:
            found.extend(look(patient))
        except PackhorseError as error:
            found.append(of_error(self._name, error))
        except OSError as error:
            failed = warning(
                self._name,
                "Looking at this failed: {reason}.",
                hint="Try again. If this stays, send the node's log to your admin.",
                reason=error.strerror or str(error),
            )
            found.append(failed)
        self._found.put(found)


def _agent_says(state: StateDirectory) -> Status | None:
    """Ask the agent for the status; None when none runs, or it does not answer."""
    try:
        client = connect(state.root / SOCKET_NAME)
        if client is None:
            return None
        with client:
            return client.status()
    except PackhorseError:
        return None
