"""A bar of characters that any terminal has, as wide as its widget."""

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

_FILLED = "━"
_EMPTY = "─"


class Bar(Widget):
    """Shows a share of a whole; nothing while there is none."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"
    COMPONENT_CLASSES = {"bar--filled", "bar--empty"}  # noqa: RUF012 - Textual's class variable

    share: reactive[float | None] = reactive(None)

    def render_line(self, y: int) -> Strip:
        """Draw the bar."""
        width = self.size.width
        if y or self.share is None:
            return Strip.blank(width, self.rich_style)
        filled = round(min(1.0, max(0.0, self.share)) * width)
        return Strip(
            [
                Segment(_FILLED * filled, self._style("bar--filled")),
                Segment(_EMPTY * (width - filled), self._style("bar--empty")),
            ],
            width,
        )

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)
