"""The line: what travels now and why not, the week of its hours, the budget, the quote."""

from datetime import date
from typing import Final

from core.control import Status
from core.control_line import LineReport
from core.line.ledger import left
from core.text import BITS_PER_BYTE, human_bytes
from tui.model import Model
from tui.texts import N_, Language
from tui.views.evening import hold_words, quote_words
from tui.views.line_forms import opened_until
from tui.views.moments import WEEKDAYS
from tui.views.plan_words import hold_sentence
from tui.views.shared import absent, joined, transfer_progress
from tui.views.sheet import Fact, Mood, Sheet
from tui.views.week import WeekDraft, WeekSheet

_KILO: Final = 1000
_BUSY_SHARE: Final = 0.8
_ALL: Final = 0.995
_SHORT_DAYS: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def line_page(model: Model, language: Language, draft: WeekDraft) -> Sheet:
    """Show how the line is used."""
    nothing = absent(model, language)
    if nothing is not None:
        return nothing
    _ = language.gettext
    head, mood = _headline(model, language)
    share = (_("Space bar"), _("share"))
    keys = (("↑↓←→", _("move")), ("v", _("mark")), share, ("+ -", "10 %"))
    if draft.is_changed:
        keys = (("s", _("save")), ("Esc", _("undo")), ("v", _("mark")), share)
    return Sheet(
        headline=head,
        detail=_detail(model, language),
        mood=mood,
        week=_week(draft, language),
        progress=transfer_progress(model, language),
        facts=tuple(_facts(model, language)),
        keys=keys,
    )


def _headline(model: Model, language: Language) -> tuple[str, Mood]:
    _, status, plan = language.gettext, model.known, model.known.plan
    hold = plan.hold if plan is not None else ""
    if status.line_settings.paused:
        return hold_sentence("paused", language), "busy"
    if plan is not None and hold not in {"", "done"}:
        return hold_words(model, plan, language), "bad" if hold == "line" else "busy"
    if status.line == "down":
        return hold_sentence("line", language), "bad"
    until = opened_until(model, language)
    if until:
        return _("The whole line is open until {when}").format(when=until), "good"
    if hold:
        return hold_sentence(hold, language), "good"
    text = _("Things are arriving by line") if status.transfer else _("The line is free")
    return text, "good"


def _detail(model: Model, language: Language) -> str:
    _, plan = language.gettext, model.known.plan
    if plan is None:
        return ""
    quote = _("To come: {quote}.").format(quote=quote_words(model, plan, language))
    if not plan.actions:
        return quote
    after = _("{size} of the disk are free to fill then.").format(
        size=human_bytes(plan.quote.disk_after)
    )
    budget = plan.quote.budget_left
    if budget is not None:
        text = _("Of the month's budget {size} are left then.")
        after = joined(after, text.format(size=human_bytes(budget)))
    gone = len(plan.quote.removed)
    removed = language.ngettext(
        "{count} pack makes room.", "{count} packs make room.", gone
    ).format(count=gone)
    return joined(quote, after, removed if gone else "")


def _week(draft: WeekDraft, language: Language) -> WeekSheet:
    _ = language.gettext
    if draft.is_changed:
        said = _("Changed, not saved: s saves it, Esc undoes it.")
    else:
        said = _("share of the line: · none ░ ▒ ▓ more █ all")
    here = _("{weekday} {hour} to {next}: {share} %").format(
        weekday=_(WEEKDAYS[draft.day]), hour=draft.hour, next=draft.hour + 1, share=draft.share
    )
    return WeekSheet(draft, tuple(_(day) for day in _SHORT_DAYS), f"{here} · {said}")


def _facts(model: Model, language: Language) -> list[Fact]:
    _, status = language.gettext, model.known
    settings = status.line_settings
    switches = [
        _("p go on") if settings.paused else _("p pause"),
        _("o open it now"),
        _("m metered: yes") if settings.metered else _("m metered: no"),
        _("d lower quality: yes") if settings.lower else _("d lower quality: no"),
    ]
    return [
        _budget(status, model.line, language),
        Fact(_("Measured"), _measured(status, model.line, language)),
        Fact(_("Switches"), " · ".join(switches)),
    ]


def _budget(status: Status, report: LineReport | None, language: Language) -> Fact:
    _, settings, ledger = language.gettext, status.line_settings, status.ledger
    used = ledger.used + ledger.reserved
    over = left(ledger, settings.budget)
    if settings.budget is None or over is None:
        text = _("none: press b; {size} this month").format(size=human_bytes(used))
        return Fact(_("Budget"), text)
    text = _("{used} of {budget} used (b)").format(
        used=human_bytes(used), budget=human_bytes(settings.budget)
    )
    if report is not None and report.renews:
        text += _(", anew on {day}").format(day=_day(report.renews))
    share = used / settings.budget if settings.budget else 1.0
    mood: Mood = "bad" if not over else "busy" if share > _BUSY_SHARE else "plain"
    return Fact(_("Budget"), text, mood, min(1.0, share))


def _measured(status: Status, report: LineReport | None, language: Language) -> str:
    _ = language.gettext
    if not status.line_rate:
        return _("not measured yet")
    parts = [_("{rate} when it is there").format(rate=rate_words(status.line_rate))]
    estimate = report.estimate if report else None
    if estimate is not None and estimate.up < _ALL:
        parts.append(_("up {share} %").format(share=round(estimate.up * 100)))
    if estimate is not None and estimate.latency:
        parts.append(_("{count} ms").format(count=round(estimate.latency * _KILO)))
    return " · ".join(parts)


def rate_words(rate: float) -> str:
    """Write a rate, bytes a second, as lines are sold: ``240 kbit/s``."""
    kilobits = rate * BITS_PER_BYTE / _KILO
    if kilobits < _KILO:
        return f"{kilobits:.0f} kbit/s"
    return f"{kilobits / _KILO:.1f} Mbit/s"


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
