"""The schools as a CSV file that a spreadsheet program opens rightly, and that harms none.

A byte order mark says that it is UTF-8. A cell that a spreadsheet would take for a formula gets an
apostrophe in front: names are what strangers chose.
"""

import csv
import io
from collections.abc import Iterable
from gettext import NullTranslations
from typing import Final

from core.display import one_line
from hub.evening import Evening
from hub.fleet import FleetEntry
from hub.pages.languages import N_
from hub.pages.units import carrier_words, clock_words
from hub.pages.warnings import sentence_of

_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_HEAD: Final = (
    N_("School id"),
    N_("Name"),
    N_("Place"),
    N_("Groups"),
    N_("Node"),
    N_("Node's name"),
    N_("Enrolled"),
    N_("Last contact"),
    N_("Reported"),
    N_("By"),
    N_("Packs"),
    N_("Packs behind"),
    N_("Lessons"),
    N_("Lessons here"),
    N_("Next school day"),
    N_("Its lessons ready"),
    N_("Its lessons at risk"),
    N_("Its lessons missing"),
    N_("Statements received"),
    N_("Statements waiting"),
    N_("Oldest waiting since"),
    N_("Disk, bytes"),
    N_("Disk free, bytes"),
    N_("Clock"),
    N_("Software"),
    N_("Warnings"),
)


def csv_file(texts: NullTranslations, entries: Iterable[FleetEntry]) -> bytes:
    """Write the schools, one a line; moments are UTC."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([texts.gettext(word) for word in _HEAD])
    for one in entries:
        writer.writerow([harmless(cell) for cell in _cells(texts, one)])
    return out.getvalue().encode("utf-8-sig", "replace")


def harmless(cell: object) -> object:
    """Give a cell that no spreadsheet program computes."""
    if not isinstance(cell, str):
        return cell
    text = one_line(cell, 2000)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(texts: NullTranslations, one: FleetEntry) -> list[object]:
    warnings = "; ".join(sentence_of(texts, warn) for warn in one.warnings)
    first: list[object] = [
        one.school, one.school_name, one.place, ", ".join(one.groups), one.node, one.node_name,
        one.enrolled, one.last_contact,
    ]  # fmt: skip
    reported = one.reported
    if reported is None:
        return [*first, *[""] * 10, one.statements if one.node else "", *[""] * 6, warnings]
    return [
        *first, reported.received, carrier_words(texts, reported.carrier), reported.packs,
        reported.behind, reported.items, reported.here,
        *_evening(reported.evening), one.statements, reported.backlog,
        reported.backlog_since, reported.disk_total, reported.disk_free,
        clock_words(texts, reported.clock), reported.software, warnings,
    ]  # fmt: skip


def _evening(evening: Evening | None) -> list[object]:
    if evening is None:
        return [""] * 4
    return [evening.day, evening.ready, evening.risk, evening.missing]
