"""What a doctor looks at, and how findings are written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cache.clock import Clock
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.control import Status, Wording
from core.control_calls import Finding
from core.errors import PackhorseError
from core.trusted_time import trusted_now
from edge_client.config import NodeConfig
from edge_client.readings import Reader, Readings


@dataclass(frozen=True, slots=True)
class Patient:
    """A node.

    Attributes:
        readings: what its files say.
        status: what its agent says; None when none is running.
        time: the moment against which expiry is judged.
    """

    state: StateDirectory
    settings: NodeConfig
    clock: Clock
    school: SchoolClock
    readings: Readings
    status: Status | None
    time: datetime


def receive(state: StateDirectory, settings: NodeConfig, status: Status | None) -> Patient:
    """Look at a node's files once, for all findings.

    Raises:
        UsageError: the configuration names a time zone that is not there.
    """
    clock = Clock()
    readings = Reader(state, disk_floor=settings.disk_floor).read()
    time, _ = trusted_now(readings.floor, clock.wall(), synchronised=clock.synchronised())
    school = SchoolClock(state, clock, zone=settings.time_zone)
    return Patient(state, settings, clock, school, readings, status, time)


def good(name: str, sentence: str, **fields: object) -> Finding:
    """Say that something is as it should be."""
    return Finding(name=name, state="good", sentence=_wording(sentence, "", fields))


def warning(name: str, sentence: str, *, hint: str, **fields: object) -> Finding:
    """Say that something works, but will not for long, or not all of it."""
    return Finding(name=name, state="warning", sentence=_wording(sentence, hint, fields))


def bad(name: str, sentence: str, *, hint: str, **fields: object) -> Finding:
    """Say that something does not work."""
    return Finding(name=name, state="bad", sentence=_wording(sentence, hint, fields))


def of_error(name: str, error: PackhorseError, state: Literal["warning", "bad"] = "bad") -> Finding:
    """Say of an error that it is what was found."""
    sentence = _wording(error.template, error.hint_template, error.fields)
    return Finding(name=name, state=state, sentence=sentence)


def _wording(sentence: str, hint: str, fields: dict[str, object]) -> Wording:
    known = {name: str(value) for name, value in fields.items()}
    return Wording(template=sentence, hint=hint, fields=known)
