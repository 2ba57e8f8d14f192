"""The next lessons of the timetable, and whether they are here."""

from datetime import datetime
from typing import Final

from core.control import ChannelStatus, LessonStatus
from core.display import one_line, title_in
from tui.model import Model
from tui.texts import Language
from tui.views.moments import clock, weekday
from tui.views.sheet import Cell, Column, Mood, Row, Table

_MOST: Final = 60
_WRITTEN: Final = "%Y-%m-%dT%H:%M"


def next_lessons(model: Model, language: Language) -> Table | None:
    """Give the next lessons of all channels in order; None when there are none."""
    _ = language.gettext
    coming = sorted(
        ((one.start, channel.id, channel, one) for channel in model.known.channels
         for one in channel.next),
        key=lambda row: row[:2],
    )  # fmt: skip
    rows = [_row(channel, one, language) for _start, _id, channel, one in coming[:_MOST]]
    columns = (
        Column(_("Next lesson"), 15),
        Column(_("Channel"), 12, rank=1),
        Column(_("Title")),
        Column(_("State"), 15),
    )
    return Table(columns, tuple(rows)) if rows else None


def _row(channel: ChannelStatus, one: LessonStatus, language: Language) -> Row:
    _ = language.gettext
    state, mood = _state(one, language)
    title = title_in(one.title, language.tag, one_line(f"{one.pack}/{one.item}"))
    name = title_in(channel.title, language.tag, one_line(channel.id))
    when = _when(one.start, language)
    return Row(one.pack, (Cell(when), Cell(name), Cell(title), Cell(state, mood)))


def _state(one: LessonStatus, language: Language) -> tuple[str, Mood]:
    _ = language.gettext
    if not one.here:
        return _("missing"), "bad"
    if one.sound_alone:
        return _("only sound"), "busy"
    return (_("here, moved") if one.changed else _("here")), "good"


def _when(start: str, language: Language) -> str:
    """Write weekday and time, such as ``Thursday 8:30``."""
    try:
        moment = datetime.strptime(start, _WRITTEN)  # noqa: DTZ007 - local, as shown
    except ValueError:
        return one_line(start)
    return f"{weekday(moment, language)} {clock(moment)}"
