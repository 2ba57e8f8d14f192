"""A table with a cursor: exact columns, Chinese included, and cheap to draw over a bad line."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui.views.sheet import Cell, Table, line

_EMPTY = Table((), ())
_MARGIN = 1


class Grid(Widget, can_focus=True):
    """Shows a table; up, down, page up, page down, home and end move, Enter chooses."""

    DEFAULT_CSS = "Grid { height: auto; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up,k", "move(-1)", ""),
        ("down,j", "move(1)", ""),
        ("pageup", "page(-1)", ""),
        ("pagedown", "page(1)", ""),
        ("home", "move(-1000000)", ""),
        ("end", "move(1000000)", ""),
        ("enter", "choose", ""),
    ]
    COMPONENT_CLASSES = {  # noqa: RUF012 - Textual's class variable
        "grid--head",
        "grid--cursor",
        "grid--good",
        "grid--busy",
        "grid--bad",
        "grid--more",
    }

    cursor: reactive[int] = reactive(0)
    table: reactive[Table] = reactive(_EMPTY, layout=True)

    class Moved(Message):
        """The cursor is on another row."""

    class Chosen(Message):
        """Enter was pressed on the row of ``key``."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        table: Table = _EMPTY,
        *,
        steered: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.set_reactive(Grid.table, table)
        self._steered = steered
        self.can_focus = not steered
        self._top = 0

    @property
    def selected(self) -> str:
        """The key of the row under the cursor; empty without rows."""
        rows = self.table.rows
        return rows[min(self.cursor, len(rows) - 1)].key if rows else ""

    def show(self, table: Table) -> None:
        """Show this table; the cursor stays on its row if that is still there."""
        if table == self.table:
            return
        key = self.selected
        place = next((n for n, row in enumerate(table.rows) if row.key == key), self.cursor)
        self.table = table
        self.cursor = max(0, min(place, len(table.rows) - 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Give the height of all rows and the head."""
        del container, viewport, width
        return len(self.table.rows) + self.table.head

    def watch_cursor(self) -> None:
        """Tell that another row is under the cursor."""
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = max(0, min(self.cursor + by, len(self.table.rows) - 1))

    def action_page(self, direction: int) -> None:
        """Move the cursor by what is visible."""
        self.action_move(direction * max(1, self._room()))

    def action_choose(self) -> None:
        """Tell that the row under the cursor is chosen."""
        if self.selected:
            self.post_message(self.Chosen(self.selected))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw, with the cursor in sight."""
        room, count = self._room(), len(self.table.rows)
        self._top = max(0, min(self._top, count - room, self.cursor))
        self._top = max(self._top, min(self.cursor, count - 1) - room + 1)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw the head or a row."""
        head = self.table.head
        if head and y == 0:
            labels = [Cell(column.label) for column in self.table.columns]
            return self._strip(labels, self._style("grid--head"))
        number = self._top + y - head
        if number >= len(self.table.rows):
            return Strip.blank(self.size.width, self.rich_style)
        current = number == self.cursor and (self.has_focus or self._steered)
        style = self._style("grid--cursor") if current else self.rich_style
        return self._strip(
            self.table.rows[number].cells, style, self._more(y, number), current=current
        )

    def _room(self) -> int:
        return max(1, self.size.height - self.table.head)

    def _more(self, y: int, number: int) -> str:
        """Give the mark at the right of a line: whether there are more rows above or below."""
        if y == self.table.head and number > 0:
            return "▲"
        last = y == self.size.height - 1 and number < len(self.table.rows) - 1
        return "▼" if last else " "

    def _strip(
        self,
        row: tuple[Cell, ...] | list[Cell],
        style: Style,
        more: str = " ",
        *,
        current: bool = False,
    ) -> Strip:
        width = self.size.width
        parts = line(self.table.columns, row, max(1, width - 2 * _MARGIN - 1))
        segments = [Segment(" " * _MARGIN, style)]
        for part in parts:
            colour = part.mood != "plain" and not current
            own = style + self._foreground(f"grid--{part.mood}") if colour else style
            segments.append(Segment(part.text, own))
        segments.append(Segment(" " + more, style + self._foreground("grid--more")))
        return Strip(segments).adjust_cell_length(width, style)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    def _foreground(self, name: str) -> Style:
        return Style(color=self._style(name).color)
