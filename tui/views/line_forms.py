"""What is asked about the line, and what is then wished. Pure."""

from collections.abc import Mapping
from datetime import UTC
from typing import Final

from core.line.settings import LARGEST_BUDGET, LAST_BUDGET_DAY, SMALLEST_BUDGET, LineSettings
from core.text import human_bytes, parse_size
from tui.model import Model
from tui.texts import Language
from tui.views.forms import Call, Field, Form, Question
from tui.views.moments import school_moment, short_when, shown_moment
from tui.views.sheet import Cell, Column, Row, Table

_HOUR: Final = 60
_CLOSE: Final = "0"


def budget_form(model: Model, language: Language) -> Form:
    """Set the bytes that may travel in a month."""
    _, settings = language.gettext, model.known.line_settings

    def check(values: Mapping[str, str]) -> Call | str:
        text, day = values["budget"].strip(), values["day"].strip() or "1"
        size = parse_size(text) if text else None
        if text and (size is None or size > LARGEST_BUDGET):
            return _("Write a size such as 2GB or 500MB, or nothing for no budget.")
        if size is not None and size < SMALLEST_BUDGET:
            return _("Give at least 1 MB; to stop everything, pause the line.")
        if not (day.isascii() and day.isdigit() and 1 <= int(day) <= LAST_BUDGET_DAY):
            return _("The day is one of 1 to 28.")
        done = _("A month's budget is {size} now.").format(size=human_bytes(size or 0))
        return Call(
            "set_line",
            {"budget": size, "budget_day": int(day)},
            _("Setting the budget"),
            done if size else _("There is no budget now."),
        )

    return Form(
        _("The month's budget"),
        (_("All that travels by line counts, both ways; at its end everything waits."),),
        (
            Field("budget", _("A month"), _plain_size(settings.budget), 20, "2GB"),
            Field("day", _("Begins on"), str(settings.budget_day), 2, "1"),
        ),
        check,
        from_first=True,
    )


def _plain_size(size: int | None) -> str:
    return "" if size is None else human_bytes(size).replace(" ", "")


def open_choice(model: Model, language: Language) -> Table:
    """Offer for how long the whole line is taken."""
    _ = language.gettext
    rows = [
        Row("1", (Cell("1"), Cell(_("for one hour")))),
        Row("3", (Cell("3"), Cell(_("for three hours")))),
        Row("8", (Cell("8"), Cell(_("for eight hours")))),
    ]
    until = opened_until(model, language)
    if until:
        text = _("by its hours again; it is open until {when}").format(when=until)
        rows.append(Row(_CLOSE, (Cell(_CLOSE), Cell(text))))
    return Table((Column("", 2), Column("")), tuple(rows), head=False)


def open_call(chosen: str, language: Language) -> Call:
    """Wish that the line is open for so many hours, or by its hours again."""
    _ = language.gettext
    done = _("The whole line is taken for {duration}.").format(
        duration=language.duration(int(chosen) * 3600.0)
    )
    return Call(
        "open_line",
        {"minutes": int(chosen) * _HOUR},
        _("Opening the line"),
        done if chosen != _CLOSE else _("The line follows its hours again."),
    )


def opened_until(model: Model, language: Language) -> str:
    """Say until when the line is open whatever the hour; empty when it is not."""
    settings, now = model.known.line_settings, now_seconds(model)
    if now is None or not settings.is_opened(now):
        return ""
    moment = shown_moment(settings.open_until, model.known.school_offset)
    today = shown_moment(now, model.known.school_offset)
    if moment is None or today is None:
        return ""
    return short_when(moment, today.date(), language)


def now_seconds(model: Model) -> float | None:
    """Give school time, seconds since 1970; None where the node cannot say."""
    now = school_moment(model.known, model.passed)
    if now is None:
        return None
    return now.replace(tzinfo=UTC).timestamp() - model.known.school_offset * 60


def pause_call(settings: LineSettings, language: Language) -> Call:
    """Wish that nothing travels, after a question; or that it goes on."""
    _ = language.gettext
    if settings.paused:
        return Call("resume", {}, _("Letting the line go on"), _("The line goes on."))
    question = Question(
        _("Pause the line?"),
        (
            _("Nothing travels any more until somebody lets it go on, also after a restart."),
            _("What is here is served on."),
        ),
        _("pause it"),
    )
    return Call("pause", {}, _("Pausing the line"), _("The line is paused."), question)


def metered_call(settings: LineSettings, language: Language) -> Call:
    """Wish that only what lessons need travels, or all again."""
    _ = language.gettext
    done = (
        _("The line counts as not metered: everything may travel.")
        if settings.metered
        else _("The line counts as metered: only what lessons need travels.")
    )
    wanted = not settings.metered
    return Call("set_line", {"metered": wanted}, _("Setting how the line counts"), done)


def lower_call(settings: LineSettings, language: Language) -> Call:
    """Wish that lessons come in a lower quality rather than late, or not."""
    _ = language.gettext
    done = (
        _("Lessons come only as they were assigned.")
        if settings.lower
        else _("What would come too late is taken in a lower quality.")
    )
    return Call("set_line", {"lower": not settings.lower}, _("Setting the quality"), done)


def hours_call(week: tuple[int, ...], language: Language) -> Call | str:
    """Wish for these hours; or say why they cannot be meant."""
    _ = language.gettext
    if not any(week):
        return _("These hours never allow anything. Leave one above 0 %, or pause the line.")
    return Call("set_line", {"week": list(week)}, _("Setting the hours"), _("The hours are set."))
