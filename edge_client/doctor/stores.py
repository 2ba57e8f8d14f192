"""Findings about what the node keeps, and about sticks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.control_calls import Finding, Stick
from core.display import one_line
from core.errors import PackhorseError
from core.text import human_bytes
from edge_client.doctor.patient import Patient, bad, good, of_error, warning

_ADMINISTRATOR: Final = 0


def state(patient: Patient) -> Iterator[Finding]:
    """Whether every promise about the disk holds."""
    # Here, not above: checking needs what nothing else here does.
    from cache import check  # noqa: PLC0415

    strange = _strangers(patient.state.root)
    if strange:
        yield bad(
            "state",
            "{file} in the node's directory belongs to root, so the node cannot write it.",
            hint="Give it back: sudo chown --reference={root} {root}/{file}",
            file=strange,
            root=patient.state.root,
        )
        return
    if not patient.state.blobs.is_dir():
        yield good("state", "Nothing is kept here yet.")
        return
    try:
        report = check.check(patient.state)
    except PackhorseError as error:
        yield of_error("state", error)
        return
    if report.is_clean:
        yield good(
            "state",
            "What is kept here is whole: {count} files, {size}.",
            count=report.blobs,
            size=human_bytes(report.bytes),
        )
        return
    yield bad(
        "state",
        "Damaged or missing of what is kept here: {count}; the first: {first}",
        hint="Set right what can be: packhorse node check --repair",
        count=len(report.findings),
        first=str(report.findings[0]),
    )


def sticks(patient: Patient) -> Iterator[Finding]:
    """Whether the sticks that are plugged in can be used."""
    from edge_client.sticks import look_at_all  # noqa: PLC0415 - as above

    found = look_at_all(patient.state, patient.settings.stick_places)
    if not found:
        yield good("stick", "No stick is plugged in.")
    for one in found:
        yield _stick(one, patient.time)


def _stick(stick: Stick, now: datetime) -> Finding:
    label = one_line(stick.label) or one_line(stick.path)
    if stick.problem is not None:
        return Finding(name="stick", state="bad", sentence=stick.problem)
    if stick.last_day and stick.last_day < f"{now.astimezone(UTC):%Y-%m-%d}":
        return warning(
            "stick",
            "The lessons on the stick {label} could be installed until {day} only.",
            hint="Have the hub export the stick again.",
            label=label,
            day=stick.last_day,
        )
    if not stick.writable:
        return warning(
            "stick",
            "The stick {label} can only be read: lessons can be imported, usage not exported.",
            hint="Move the small switch on its side, if it has one.",
            label=label,
        )
    return good("stick", "The stick {label} can be used.", label=label)


def _strangers(root: Path) -> str:
    """Name a file of the node's directory that root owns and the node does not; or nothing."""
    owner = root.stat().st_uid
    if owner == _ADMINISTRATOR:
        return ""
    strange = (path.name for path in root.iterdir() if path.lstat().st_uid == _ADMINISTRATOR)
    return next(strange, "")
