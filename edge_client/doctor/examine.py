"""The whole examination, in the order in which one thing explains the next."""

from collections.abc import Callable, Iterator
from typing import Final

from cache.state import StateDirectory
from core.control import SOCKET_NAME, Status
from core.control_calls import Finding
from core.errors import NoStateError, PackhorseError
from edge_client import config
from edge_client.control_client import connect
from edge_client.doctor import machine, membership, network, stores
from edge_client.doctor.patient import Patient, of_error, receive

_LOOKS: Final[tuple[tuple[str, Callable[[Patient], Iterator[Finding]]], ...]] = (
    ("clock", machine.clock),
    ("disk", machine.disk),
    ("state", stores.state),
    ("line", network.line),
    ("hub", network.hub),
    ("enrolment", membership.enrolment),
    ("expiry", membership.expiry),
    ("assignment", membership.assignment),
    ("ports", network.ports),
    ("name", network.name),
    ("stick", stores.sticks),
)


def examine(state: StateDirectory) -> list[Finding]:
    """Examine a node.

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
    findings: list[Finding] = []
    for name, look in _LOOKS:
        try:
            findings += look(patient)
        except PackhorseError as error:
            findings.append(of_error(name, error))
    return findings


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
