"""Usage: what waits for the hub, what was used on the last days, and of which packs."""

from datetime import date

from core.control_calls import UsageDay, UsagePack, UsageReport
from core.display import one_line, title_in
from tui.model import Model
from tui.texts import Language
from tui.views.moments import weekday
from tui.views.shared import absent, backlog, why
from tui.views.sheet import Cell, Column, Mood, Note, Row, Sheet, Table

_BAR = 20


def usage(model: Model, language: Language) -> Sheet:
    """Say what was used."""
    _ = language.gettext
    nothing = absent(model, language)
    if nothing is not None:
        return nothing
    headline, detail, mood = _backlog(model, language)
    keys = (("r", _("look again")), ("d", _("7 or 31 days")))
    failure, report = model.failures.get("usage"), model.usage
    if failure is not None:
        notes = tuple(Note(text, "bad") for text in why(failure, language) if text)
        return Sheet(headline, detail, mood, notes=notes, keys=keys)
    if report is None:
        notes = (Note(_("Asking the agent for the usage of the last {count} days …")
                      .format(count=model.days)),)  # fmt: skip
        return Sheet(headline, detail, mood, notes=notes, keys=keys)
    return Sheet(
        headline, detail, mood,
        table=_days(report, language),
        second=_packs(report, language),
        notes=tuple(_notes(report, language)),
        keys=keys,
    )  # fmt: skip


def _backlog(model: Model, language: Language) -> tuple[str, str, Mood]:
    _, status = language.gettext, model.known
    text = backlog(model, language)
    headline = text[0].upper() + text[1:]
    if not status.backlog:
        return headline, "", "good"
    if not status.node:
        return headline, _("They go to the hub once this machine is enrolled: press 5."), "plain"
    if status.line == "up":
        return headline, _("They go to the hub with the next contact."), "plain"
    return headline, _("They go with the next line, or on a stick: press 4."), "busy"


def _days(report: UsageReport, language: Language) -> Table:
    _ = language.gettext
    columns = (
        Column(_("Day"), 22),
        Column(_("Opened"), 8, right=True),
        Column(_("Minutes"), 8, right=True, rank=2),
        Column(_("Classes"), 8, right=True, rank=1),
        Column("", rank=3),
    )
    most = max((day.opened for day in report.days), default=0)
    # Newest first.
    days = sorted(report.days, key=lambda day: day.day, reverse=True)
    return Table(columns, tuple(_day(day, most, language) for day in days))


def _day(day: UsageDay, most: int, language: Language) -> Row:
    bar = "━" * -(-day.opened * _BAR // most) if most else ""
    return Row(
        one_line(day.day),
        (
            Cell(_day_name(day.day, language)),
            Cell(str(day.opened)),
            Cell(str(day.minutes)),
            Cell(str(day.taught)),
            Cell(bar, "good"),
        ),
    )


def _day_name(day: str, language: Language) -> str:
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        return one_line(day)
    return f"{parsed.isoformat()} {weekday(parsed, language)}"


def _packs(report: UsageReport, language: Language) -> Table | None:
    _ = language.gettext
    if not report.packs:
        return None
    columns = (
        Column(_("Lessons")),
        Column(_("Opened"), 8, right=True),
        Column(_("Minutes"), 8, right=True, rank=2),
        Column(_("Classes"), 8, right=True, rank=1),
    )
    packs = sorted(
        report.packs,
        key=lambda pack: (-pack.minutes, -pack.taught, -pack.opened, pack.pack),
    )
    return Table(columns, tuple(_pack(pack, language) for pack in packs))


def _pack(pack: UsagePack, language: Language) -> Row:
    title = title_in(pack.title, language.tag, one_line(pack.pack))
    return Row(
        pack.pack,
        (Cell(title), Cell(str(pack.opened)), Cell(str(pack.minutes)), Cell(str(pack.taught))),
    )


def _notes(report: UsageReport, language: Language) -> list[Note]:
    _ = language.gettext
    notes = []
    if not report.packs:
        notes.append(Note(_("No lesson has been opened or taught on these days.")))
    if report.refused:
        text = language.ngettext(
            "The hub will never take {count} record; tell its admin.",
            "The hub will never take {count} records; tell its admin.",
            report.refused,
        )
        notes.append(Note(text.format(count=report.refused), "bad"))
    if report.since:
        text = _("Known since {day}; older records are with the hub and no longer here.")
        notes.append(Note(text.format(day=one_line(report.since))))
    return notes
