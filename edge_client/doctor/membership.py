"""Findings about belonging to a hub: enrolment, expiry of signatures, assignment."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from core.control_calls import Finding
from core.display import one_line
from core.errors import RefusedError
from core.trusted_time import parse_moment
from edge_client.doctor.patient import Patient, bad, good, warning

_IDENTITY: Final = "identity.json"
_METADATA: Final = "current/metadata"
_MOST_FILES: Final = 2000
_MOST_BYTES: Final = 1024 * 1024
# A hub renews when a third of a signature's life is over; of the shortest, 60 days are left.
_SOON: Final = timedelta(days=21)


class _Signed(msgspec.Struct):
    expires: str


class _Metadata(msgspec.Struct):
    signed: _Signed


def enrolment(patient: Patient) -> Iterator[Finding]:
    """Whether the node belongs to a hub."""
    found = patient.readings.enrolment
    if found is None:
        if (patient.state.root / _IDENTITY).exists():
            yield bad(
                "enrolment",
                "Who this node is cannot be read: {file} is damaged.",
                hint="Restore it from a backup, or enrol again with a new token.",
                file=_IDENTITY,
            )
            return
        yield bad(
            "enrolment",
            "This machine is not enrolled yet.",
            hint="Enrol it on the technician's screen, or with `packhorse node enrol` and the"
            " token or setup file that your hub gave you.",
        )
    elif found.pending:
        yield warning(
            "enrolment",
            "This node is enrolled for {school}, but the hub has not heard of it yet.",
            hint="It serves lessons already. Export to a stick and take it to the hub, or connect"
            " the node to a line.",
            school=one_line(found.school),
        )
    else:
        yield good(
            "enrolment",
            "This node is enrolled as {node} of {school}.",
            node=one_line(found.node),
            school=one_line(found.school),
        )


def expiry(patient: Patient) -> Iterator[Finding]:
    """Whether what the hub signed is still in force, and will be."""
    soonest = min(_expiries(patient.state.trust / _METADATA), default=None)
    if soonest is None:
        return  # nothing was ever fetched
    moment, file = soonest
    day = f"{moment - timedelta(days=1):%Y-%m-%d}"
    if moment <= patient.time:
        yield bad(
            "expiry",
            "What the hub signed has expired ({file}): lessons that are here stay and are served,"
            " new ones are not taken.",
            hint="Connect the node to its line, or import a newer stick; if it stays so, the hub"
            " has to renew its signatures.",
            file=file,
        )
    elif moment - patient.time < _SOON:
        yield warning(
            "expiry",
            "What the hub signed is in force until {day} only ({file}); then no new lessons are"
            " taken.",
            hint="Connect the node to its line before that, or import a newer stick.",
            day=day,
            file=file,
        )
    else:
        yield good("expiry", "What the hub signed is in force until {day}.", day=day)


def assignment(patient: Patient) -> Iterator[Finding]:
    """Whether there are lessons for this school, and whether they are here."""
    if patient.readings.enrolment is None:
        return
    packs = [pack for pack in patient.readings.packs if pack.assigned]
    missing = [pack for pack in packs if pack.here + pack.withdrawn < pack.items]
    if not packs:
        yield warning(
            "assignment",
            "No lessons are assigned to this school, as far as this node knows.",
            hint="Connect it to its line or import a stick; otherwise ask the hub's admin.",
        )
    elif missing:
        yield warning(
            "assignment",
            "Of {count} packs for this school, {missing} are not wholly here.",
            hint="They come by themselves while there is a line; otherwise import a stick.",
            count=len(packs),
            missing=len(missing),
        )
    else:
        yield good("assignment", "All {count} packs for this school are here.", count=len(packs))


def _expiries(folder: Path) -> Iterator[tuple[datetime, str]]:
    """Give when each verified file of metadata expires, and its name."""
    try:
        with os.scandir(folder) as entries:
            names = [one.name for one, _ in zip(entries, range(_MOST_FILES), strict=False)]
    except OSError:
        return
    for name in names:
        if not name.endswith(".json"):
            continue
        try:
            with (folder / name).open("rb") as file:
                found = msgspec.json.decode(file.read(_MOST_BYTES), type=_Metadata)
            yield parse_moment(found.signed.expires), name
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RefusedError):
            continue  # `state` tells of damage
