"""The week of the line's hours as a grid: a row for each day, a block for each hour."""

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from core.display import cells, fit
from core.line.settings import DAYS, FULL, HOURS
from tui.views.week import WeekSheet

HEIGHT: Final = DAYS + 2
"""Lines: the hours above, a line for each day, and what is said below."""
_LEAST_LABEL: Final = 4
_EVERY: Final = 3
# Shares up to so much, and how they look on any terminal.
_SHADES: Final = ((0, "·"), (30, "░"), (60, "▒"), (FULL - 1, "▓"), (FULL, "█"))


class WeekGrid(Widget, can_focus=True):
    """Shows a week; keys are the page's."""

    DEFAULT_CSS = "WeekGrid { height: auto; width: 1fr; }"
    COMPONENT_CLASSES = {  # noqa: RUF012 - Textual's class variable
        "week--label", "week--none", "week--some", "week--all", "week--cursor", "week--marked",
    }  # fmt: skip

    shown: reactive[WeekSheet | None] = reactive(None)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Give its height."""
        del container, viewport, width
        return HEIGHT

    def render_line(self, y: int) -> Strip:
        """Draw the hours, a day, or what is said below."""
        width, sheet = self.size.width, self.shown
        if sheet is None or y > DAYS + 1:
            return Strip.blank(width, self.rich_style)
        label = max(_LEAST_LABEL, *(cells(day) + 1 for day in sheet.days)) + 1
        block = 2 if width >= label + 2 * HOURS else 1
        if y == 0:
            segments = self._hours(label, block)
        elif y <= DAYS:
            segments = self._day(sheet, y - 1, label, block)
        else:
            text = " " + sheet.said
            segments = [Segment(fit(text, min(width, cells(text))), self._style("label"))]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _hours(self, label: int, block: int) -> list[Segment]:
        every = _EVERY if block > 1 else 2 * _EVERY
        text = "".join(f"{hour:<{every * block}}" for hour in range(0, HOURS, every))
        return [Segment(" " * label + text, self._style("label"))]

    def _day(self, sheet: WeekSheet, day: int, label: int, block: int) -> list[Segment]:
        draft = sheet.draft
        segments = [Segment(fit(" " + sheet.days[day], label), self._style("label"))]
        for hour in range(HOURS):
            share = draft.week[day * HOURS + hour]
            style = self._style(_level(share))
            text = shade(share) * block
            if (day, hour) == (draft.day, draft.hour) and self.has_focus:
                style = self._style("cursor")
                text = text if share else "·" * block
            elif draft.mark and draft.has(day, hour):
                style = style + Style(bgcolor=self._style("marked").bgcolor)
            segments.append(Segment(text, style))
        return segments

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"week--{name}")


def shade(share: int) -> str:
    """Give the letter that stands for a share."""
    return next(letter for most, letter in _SHADES if share <= most)


def _level(share: int) -> str:
    return "none" if not share else "all" if share == FULL else "some"
