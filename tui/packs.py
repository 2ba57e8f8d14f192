"""The table of packs."""

from collections.abc import Callable, Sequence
from typing import Final

from rich.text import Text
from textual.widgets import DataTable

from core.display import cells, fit
from tui.view import Mood, PackRow

# Widths in cells, without the table's padding of one on each side.
_VERSION: Final = 7
_HERE: Final = 9
_SIZE: Final = 8
_STATE: Final = 15
_ID: Final = 30
_COLUMNS: Final = 5
_LEAST_TITLE: Final = 12
# With fewer cells the title needs the room.
_WIDE: Final = 105
_STYLES: Final[dict[Mood, str]] = {"good": "green", "busy": "yellow", "bad": "red", "plain": ""}


class PackTable(DataTable[Text]):
    """One row for each pack; titles take what room is left."""

    _shown: object = None

    def show(self, rows: Sequence[PackRow], gettext: Callable[[str], str]) -> None:
        """Show these packs, keeping the cursor where it is."""
        _ = gettext
        shown = tuple(rows), self.size.width, _("Lessons")
        if shown == self._shown:
            return
        self._shown = shown
        cursor = self.cursor_row
        wide = self.size.width >= _WIDE
        taken = _VERSION + _HERE + _SIZE + _STATE + (_ID + 2 if wide else 0)
        # Two more for the scroll bar that may come.
        title = max(_LEAST_TITLE, self.size.width - taken - 2 * _COLUMNS - 2)
        self.clear(columns=True)
        columns = [
            (_("Lessons"), title),
            (_right(_("Version"), _VERSION), _VERSION),
            (_right(_("Here"), _HERE), _HERE),
            (_right(_("Size"), _SIZE), _SIZE),
            (_("State"), _STATE),
        ]
        for label, width in columns + ([(_("Id"), _ID)] if wide else []):
            self.add_column(Text(label), width=width)
        for row in rows:
            # Text, never str: a str would be read as markup.
            line = [
                Text(fit(row.title, title)),
                Text(_right(row.version, _VERSION)),
                Text(_right(row.here, _HERE)),
                Text(_right(row.size, _SIZE)),
                Text(fit(row.state, min(_STATE, cells(row.state))), style=_STYLES[row.mood]),
            ]
            self.add_row(*line, *([Text(fit(row.id, _ID))] if wide else []), key=row.id)
        if rows:
            self.move_cursor(row=min(cursor, len(rows) - 1))


def _right(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text
