"""Setup: whose machine this is, its hub, the time, its addresses, and who may lead classes."""

from core.control import Status
from core.display import one_line
from tui.model import Model
from tui.texts import Language
from tui.views.moments import day_and_time, school_moment
from tui.views.qr import code_notes
from tui.views.shared import absent
from tui.views.sheet import Cell, Column, Mood, Note, Row, Sheet, Table

# From here on there is room for the code beside all else.
_HIGH = 34


def setup(model: Model, language: Language, selected: str = "", height: int = 24) -> Sheet:
    """Show the settings; the one under the cursor is explained.

    Args:
        model: what is known.
        language: of the words.
        selected: key of the row under the cursor.
        height: lines of the terminal.
    """
    _ = language.gettext
    nothing = absent(model, language)
    if nothing is not None:
        return nothing
    status = model.known
    rows = (
        _row("e", _("Hub"), *_hub(status, language)),
        _row("n", _("Names"), *_names(status, language)),
        _row("c", _("Time"), *_time(model, language)),
        _row("a", _("Addresses"), *_addresses(status, language)),
        _row("t", _("Teachers"), *_teachers(model, language)),
    )
    undone = [row.key for row in rows if row.cells[2].mood == "bad"]
    text = language.ngettext(
        "{count} thing is still to be set up", "{count} things are still to be set up", len(undone)
    )
    return Sheet(
        text.format(count=len(undone)) if undone else _("All is set up"),
        _("Choose with ↑ ↓ and Enter, or press the letter."),
        "busy" if undone else "good",
        table=Table((Column("", 2), Column("", 11), Column("")), rows, head=False),
        notes=(
            *_explained(selected or "e", model, language),
            *(_code(status) if height >= _HIGH else ()),
        ),
        keys=tuple((row.key, row.cells[1].text) for row in rows),
    )


def _row(key: str, label: str, value: str, mood: Mood) -> Row:
    return Row(key, (Cell(key), Cell(label), Cell(value, mood)))


def _hub(status: Status, language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    if not status.node:
        return _("not enrolled yet"), "bad"
    words = {"hub": one_line(status.hub), "school": one_line(status.school)}
    if status.pending:
        return _("{school} · request not at the hub yet · {hub}").format(**words), "busy"
    return _("{school} at {hub}").format(**words), "good"


def _names(status: Status, language: Language) -> tuple[str, Mood]:
    names = (one_line(status.school_name), one_line(status.node_name))
    if not any(names):
        return language.gettext("no names yet"), "busy"
    return " · ".join(name for name in names if name), "good"


def _time(model: Model, language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    moment = school_moment(model.known, model.passed)
    if moment is None:
        return _("unknown"), "bad"
    text = day_and_time(moment, language)
    if model.known.school_time_known:
        return text, "good"
    return _("{time}, not confirmed").format(time=text), "bad"


def _addresses(status: Status, language: Language) -> tuple[str, Mood]:
    addresses = [one_line(address) for address in addresses_of(status)]
    if not addresses:
        return language.gettext("none: this machine is on no network"), "bad"
    return "  ".join(addresses), "good"


def addresses_of(status: Status) -> list[str]:
    """Give the portal's addresses, best first."""
    return list(status.addresses) or ([status.portal] if status.portal else [])


def _teachers(model: Model, language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    if model.teachers is None:
        return _("asking the agent …") if model.waiting("teachers") is not None else "", "plain"
    if not model.teachers:
        return _("none yet"), "plain"
    names = _(", ").join(one_line(teacher.name) for teacher in model.teachers)
    return f"{len(model.teachers)}: {names}", "good"


def _explained(key: str, model: Model, language: Language) -> list[Note]:
    _, status = language.gettext, model.known
    if key == "e":
        return _explained_hub(status, language)
    if key == "n":
        return [Note(_("What people call the school and this machine; pages and reports say it."))]
    if key == "c":
        return [
            Note(_("Timetables and usage records use the school's clock.")),
            Note(_("This machine may have lost the time while it was off: confirm it once.")),
        ]
    if key == "a":
        notes = [Note(_("Any device on the school's network finds the lessons at:"))]
        notes += [Note(one_line(address), indent=2) for address in addresses_of(status)]
        return [*notes, Note(_("Press a for a code that tablets can scan."))]
    return [
        Note(_("Whoever leads a class proves it with a name and a PIN of 4 to 8 digits.")),
        *(Note(one_line(teacher.name), indent=2) for teacher in model.teachers or []),
    ]


def _code(status: Status) -> list[Note]:
    best = one_line(next(iter(addresses_of(status)), ""))
    return [Note(""), Note(best), *code_notes(best)] if best else []


def _explained_hub(status: Status, language: Language) -> list[Note]:
    _ = language.gettext
    if not status.node:
        return [
            Note(_("Enrolling tells this machine which hub to trust and which school it serves.")),
            Note(_("It takes a token or a setup file from the hub's admin, or a stick with one.")),
        ]
    notes = [Note(_("Node {node}").format(node=one_line(status.node)))]
    if status.pending:
        notes.append(
            Note(
                _(
                    "Everything works already. The enrolment request goes to the hub with the"
                    " line, or on the next stick."
                ),
                "busy",
            )
        )
    notes.append(Note(_("To move to another hub, press e with its token or setup file.")))
    if status.software:
        notes.append(Note(_("Packhorse {version}").format(version=one_line(status.software))))
    return notes
