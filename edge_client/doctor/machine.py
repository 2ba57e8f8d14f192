"""Findings about the machine: its clock and its disk."""

import os
from collections.abc import Iterator
from typing import Final

from core.control_calls import Finding
from core.text import human_bytes
from edge_client.doctor.patient import Patient, bad, good, warning

_SCARCE: Final = 2
_UNSET_ZONES: Final = {"UTC", "Etc/UTC", "Universal"}


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether the school's time is known, and its time zone chosen."""
    now = patient.school.now(patient.readings.floor)
    here = "" if now.moment is None else f"{patient.school.here(now.moment):%Y-%m-%d %H:%M}"
    if not now.is_known:
        yield warning(
            "clock",
            "The school's time is not known: this machine's clock has not been set since it was"
            " started.",
            hint="Confirm the time on the technician's screen, or with: packhorse node time"
            " {example}",
            example=patient.school.example(patient.readings.floor),
        )
    elif now.source == "person":
        yield good("clock", "It is {time}, as a person confirmed since the start.", time=here)
    elif not patient.settings.time_zone and _zone(patient) in _UNSET_ZONES:
        yield warning(
            "clock",
            "The clock is set, but no time zone is chosen: it shows {time}.",
            hint="Choose it with: sudo timedatectl set-timezone Asia/Shanghai",
            time=here,
        )
    else:
        yield good("clock", "The clock is set by itself: it is {time}.", time=here)


def disk(patient: Patient) -> Iterator[Finding]:
    """Whether there is room for lessons, and the disk takes them."""
    space = patient.readings.disk
    free, total = human_bytes(space.free), human_bytes(space.total)
    floor = human_bytes(space.floor)
    if os.statvfs(patient.state.root).f_flag & os.ST_RDONLY:
        yield bad(
            "disk",
            "The disk can only be read: nothing new can be kept.",
            hint="Cards and disks do so when they fail: make a backup and replace it.",
        )
    elif space.free < space.floor:
        yield bad(
            "disk",
            "The disk is full: {free} of {total} are free, {floor} must stay so.",
            hint="Have fewer packs assigned to this school, or put in a larger disk.",
            free=free,
            total=total,
            floor=floor,
        )
    elif space.free < _SCARCE * space.floor:
        yield warning(
            "disk",
            "The disk is nearly full: {free} of {total} are free, {floor} must stay so.",
            hint="Have fewer packs assigned to this school, or put in a larger disk.",
            free=free,
            total=total,
            floor=floor,
        )
    else:
        yield good("disk", "The disk has room: {free} of {total} are free.", free=free, total=total)


def _zone(patient: Patient) -> str:
    return patient.clock.here(patient.clock.wall()).tzname() or ""
