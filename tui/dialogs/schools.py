"""The choice of a school among a stick's setup files, by typing."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.control_calls import SetupEntry
from tui.desk import Desk, desk_of
from tui.views.schools import schools
from tui.widgets.entry import Entry
from tui.widgets.grid import Grid
from tui.widgets.lines import Lines


class SchoolChoice(ModalScreen[SetupEntry | None]):
    """Lists the schools that match what is typed; Enter gives the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", ""),
        ("up", "move(-1)", ""),
        ("down", "move(1)", ""),
        ("pageup", "page(-1)", ""),
        ("pagedown", "page(1)", ""),
    ]

    def __init__(self, entries: Sequence[SetupEntry]) -> None:
        super().__init__()
        self._entries = list(entries)

    @property
    def desk(self) -> Desk:
        """The application."""
        return desk_of(self.app)

    def compose(self) -> ComposeResult:
        """Lay the field and the list into a box."""
        _ = self.desk.language.gettext
        with Vertical(classes="dialog tall"):
            yield Static(Content(_("Which school is this machine for?")), classes="title")
            yield Entry(entered=self._choose, placeholder=_("type a part of its name or id"))
            yield Lines(id="school-count", classes="words")
            yield Grid(id="schools", steered=True)
            keys = _("↑ ↓ move   Enter choose   Esc go back")
            yield Static(Content(keys), classes="keys")

    def on_mount(self) -> None:
        """Show all schools."""
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show those that match."""
        self._show(event.value)

    def _choose(self, line: Entry) -> None:
        """Give the school under the cursor."""
        del line
        key = self.query_one(Grid).selected
        entry = next((entry for entry in self._entries if entry.path == key), None)
        if entry is not None:
            self.dismiss(entry)

    def action_move(self, by: int) -> None:
        """Move the cursor of the list."""
        self.query_one(Grid).action_move(by)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page."""
        self.query_one(Grid).action_page(direction)

    def _show(self, typed: str) -> None:
        table, said = schools(self._entries, typed, self.desk.language)
        grid = self.query_one(Grid)
        grid.show(table)
        grid.cursor = 0
        self.query_one("#school-count", Lines).show_plain([said])
