"""How the last work with a stick ended, in words."""

from core.control_calls import StickReport
from core.display import one_line
from core.text import human_bytes
from tui.model import Model
from tui.texts import Language
from tui.views.shared import why
from tui.views.sheet import Mood, Note


def ending(model: Model, language: Language) -> tuple[Note, ...]:
    """Tell what was done last, and what was in the way; empty when nothing was."""
    failure = model.failures.get(model.worked)
    if failure is not None:
        sentence, hint = why(failure, language)
        return tuple(_problem(sentence, hint))
    if model.report is None:
        return ()
    notes = [Note(text, _mood(model.report)) for text in _done(model, model.report, language)]
    for wording in model.report.problems:
        notes += _problem(
            one_line(language.sentence(wording, "")), one_line(language.hint(wording))
        )
    return tuple(notes)


def _problem(sentence: str, hint: str) -> list[Note]:
    notes = [Note(sentence, "bad")]
    return [*notes, Note(f"→ {hint}", indent=2)] if hint else notes


def _mood(report: StickReport) -> Mood:
    return "busy" if report.exit_code or report.problems else "good"


def _done(model: Model, report: StickReport, language: Language) -> list[str]:
    if model.worked == "export_stick":
        return _exported(report, language)
    return _imported(report, language)


def _imported(report: StickReport, language: Language) -> list[str]:
    _ = language.gettext
    if report.packs:
        text = language.ngettext(
            "Taken from the stick: {count} pack is whole now ({bytes} in {duration})",
            "Taken from the stick: {count} packs are whole now ({bytes} in {duration})",
            len(report.packs),
        )
        words = {"count": len(report.packs), "bytes": human_bytes(report.bytes)}
        lines = [text.format(**words, duration=language.duration(report.seconds))]
    elif report.problems or report.exit_code:
        lines = [_("Not everything could be taken from the stick.")]
    elif report.acknowledged:
        lines = [_("Only the hub's receipt was new on the stick.")]
    else:
        lines = [_("Everything on the stick was here already.")]
    return lines + _acknowledged(report, language)


def _exported(report: StickReport, language: Language) -> list[str]:
    _ = language.gettext
    if report.statements:
        text = language.ngettext(
            "{count} usage record is on the stick now; it stays here until the hub has it",
            "{count} usage records are on the stick now; they stay here until the hub has them",
            report.statements,
        )
        lines = [text.format(count=report.statements)]
    else:
        lines = [_("No usage record waits, so none was put on the stick.")]
    if report.enrolment:
        lines.append(_("The enrolment request is on the stick: take it to the hub."))
    return lines + _acknowledged(report, language)


def _acknowledged(report: StickReport, language: Language) -> list[str]:
    if not report.acknowledged:
        return []
    text = language.ngettext(
        "The hub has {count} usage record of this node, says its receipt",
        "The hub has {count} usage records of this node, says its receipt",
        report.acknowledged,
    )
    return [text.format(count=report.acknowledged)]
