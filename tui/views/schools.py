"""The schools of a stick with many setup files, found by typing."""

from collections.abc import Sequence
from typing import Final

from core.control_calls import SetupEntry
from core.display import one_line
from tui.model import Model
from tui.texts import Language
from tui.views.forms import Call, Question, leaving
from tui.views.sheet import Cell, Column, Row, Table

# More rows than anybody reads: typing makes them fewer.
_MOST: Final = 200


def schools(entries: Sequence[SetupEntry], typed: str, language: Language) -> tuple[Table, str]:
    """Give the schools that have all typed words in id or name, and how many there are in words."""
    _ = language.gettext
    words = typed.casefold().split()
    found = [entry for entry in entries if _has(entry, words)]
    found.sort(key=lambda entry: (entry.used, entry.school))
    columns = (Column(_("School")), Column(_("Id"), 24, rank=1), Column("", 12, rank=2))
    rows = tuple(_row(entry, language) for entry in found[:_MOST])
    if not found:
        said = _("No school on the stick has that in its name or id.")
    elif len(found) > _MOST:
        said = _("{count} schools: type more of the name or id.").format(count=len(found))
    else:
        text = language.ngettext("{count} school", "{count} schools", len(found))
        said = text.format(count=len(found))
    return Table(columns, rows), said


def enrolling(entry: SetupEntry, model: Model, language: Language) -> Call:
    """Wish to enrol as this school, after a question."""
    _ = language.gettext
    school = one_line(entry.name) or one_line(entry.school)
    lines = [_("School: {school}").format(school=f"{school} ({one_line(entry.school)})")]
    if entry.used:
        lines.append(_("Another machine has used this setup file already: the hub will refuse it."))
    left = leaving(model, language, school, "")
    question = left or Question(_("Enrol this machine?"), tuple(lines), _("enrol"))
    if left and entry.used:
        question = Question(left.title, (*left.lines, lines[-1]), left.yes)
    return Call(
        "enrol_setup",
        {"path": entry.path, "again": bool(model.known.node)},
        _("Reading the setup file and checking its signatures"),
        _("This machine is enrolled."),
        question,
    )


def _has(entry: SetupEntry, words: Sequence[str]) -> bool:
    text = f"{entry.school} {entry.name}".casefold()
    return all(word in text for word in words)


def _row(entry: SetupEntry, language: Language) -> Row:
    name = one_line(entry.name) or one_line(entry.school)
    used = language.gettext("used already") if entry.used else ""
    return Row(entry.path, (Cell(name), Cell(one_line(entry.school)), Cell(used, "busy")))
