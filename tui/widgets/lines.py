"""Lines of text that are laid out already, and facts with a label and perhaps a bar."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from core.display import cells, fit
from tui.views.sheet import Fact, Note

_STYLES = {
    "good": "$text-success",
    "busy": "$text-warning",
    "bad": "$text-error",
    "plain": "",
}
# A code must be dark on light, whatever the theme is.
_CODE = "black on white"
_BAR = 24


class Lines(Static):
    """Shows lines; only what has changed is sent to the terminal."""

    _shown: object = None

    def show(self, lines: Sequence[tuple[str, Note]]) -> None:
        """Show these lines, each in the style of its note."""
        parts = [
            Content.styled(line, _CODE if note.code else _STYLES[note.mood]) for line, note in lines
        ]
        self.put(Content("\n").join(parts))

    def show_plain(self, lines: Sequence[str]) -> None:
        """Show lines without a style of their own."""
        self.put(Content("\n".join(lines)))

    def put(self, content: Content) -> None:
        """Show this, unless it is what is shown already."""
        shown = (content.plain, tuple(content.spans))
        if shown != self._shown:
            self._shown = shown
            self.update(content)


class Facts(Widget):
    """Shows facts, a line each; labels stand in a column of their own."""

    COMPONENT_CLASSES = {  # noqa: RUF012 - Textual's class variable
        "facts--label", "facts--good", "facts--busy", "facts--bad", "facts--filled", "facts--empty",
    }  # fmt: skip

    facts: reactive[tuple[Fact, ...]] = reactive((), layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Give a line to each."""
        del container, viewport, width
        return len(self.facts)

    def render_line(self, y: int) -> Strip:
        """Draw a fact."""
        width = self.size.width
        if y >= len(self.facts):
            return Strip.blank(width, self.rich_style)
        fact = self.facts[y]
        column = min(2 + max(cells(one.label) for one in self.facts), max(1, width // 2))
        room = max(0, width - column)
        value = fit(fact.value, min(room, cells(fact.value)))
        parts = [
            Segment(fit(fact.label, column), self._style("label")),
            Segment(value, self.rich_style if fact.mood == "plain" else self._style(fact.mood)),
        ]
        bar = min(_BAR, room - cells(value) - 2)
        if fact.share is not None and bar > 4:  # noqa: PLR2004 - shorter ones say nothing
            filled = round(min(1.0, max(0.0, fact.share)) * bar)
            parts += [
                Segment("  ", self.rich_style),
                Segment("━" * filled, self._style("filled")),
                Segment("─" * (bar - filled), self._style("empty")),
            ]
        return Strip(parts).adjust_cell_length(width, self.rich_style)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"facts--{name}")
