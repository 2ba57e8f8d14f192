"""One of several ways."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.views.sheet import Table
from tui.widgets.grid import Grid


class Choice(ModalScreen[str | None]):
    """Gives the key of the row that was chosen, by the cursor or by its letter."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "dismiss", "")]

    def __init__(self, title: str, table: Table) -> None:
        super().__init__()
        self._title = title
        self._table = table

    def compose(self) -> ComposeResult:
        """Lay the rows into a box."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(Content(self._title), classes="title")
            yield Grid(self._table, id="choice")

    def on_mount(self) -> None:
        """Let the cursor move."""
        self.query_one(Grid).focus()

    def on_grid_chosen(self, message: Grid.Chosen) -> None:
        """Take the row under the cursor."""
        message.stop()
        self.dismiss(message.key)

    def on_key(self, event: events.Key) -> None:
        """Take a row by its letter."""
        if any(row.key == event.character for row in self._table.rows):
            event.stop()
            self.dismiss(event.character)
