"""Findings about belonging to a hub: enrolment, expiry of signatures, assignment."""

from collections.abc import Iterator
from typing import Final

from core.control_calls import Finding
from core.display import one_line
from core.errors import PackhorseError, RefusedError
from core.expiry import expiry_problems, last_moment
from edge_client.doctor.patient import Patient, bad, good, of_error, warning

_IDENTITY: Final = "identity.json"


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
    expiries = patient.readings.expiries
    problems = expiry_problems(expiries, patient.time)
    for problem in problems:
        yield of_error("expiry", problem, "bad" if _has_ended(problem) else "warning")
    last = last_moment(expiries)
    if not problems and last is not None:
        yield good("expiry", "What the hub signed is in force until {day}.", day=f"{last:%Y-%m-%d}")


def assignment(patient: Patient) -> Iterator[Finding]:
    """Whether there are lessons for this school, and whether they are here."""
    if patient.readings.enrolment is None:
        return
    packs = [pack for pack in patient.readings.packs if pack.assigned]
    missing = [pack for pack in packs if pack.here < pack.wanted]
    if not packs:
        yield warning(
            "assignment",
            "No lessons are assigned to this school, as far as this node knows.",
            hint="Connect it to its line or import a stick; otherwise ask the hub's admin.",
        )
    elif missing:
        yield warning(
            "assignment",
            "Packs for this school that are not wholly here: {missing} of {count}.",
            hint="They come by themselves while there is a line; otherwise import a stick.",
            count=len(packs),
            missing=len(missing),
        )
    else:
        yield good("assignment", "All packs for this school are here: {count}.", count=len(packs))


def _has_ended(problem: PackhorseError) -> bool:
    """Tell what has expired, which is refused from then on, from what soon will."""
    return isinstance(problem, RefusedError)
