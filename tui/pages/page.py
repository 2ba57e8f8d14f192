"""What all screens have in common: the parts of a sheet, drawn from top to bottom."""

from abc import abstractmethod
from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches

from core.display import cells, fit
from tui.desk import Desk, Listener, desk_of
from tui.model import Model
from tui.texts import N_, Language
from tui.views.room import Room, room_for
from tui.views.shared import place_of
from tui.views.sheet import Sheet, Table
from tui.widgets.bar import Bar
from tui.widgets.grid import Grid
from tui.widgets.lines import Facts, Lines
from tui.widgets.week import WeekGrid

TABS = {
    "today": N_("Today"),
    "packs": N_("Packs"),
    "usage": N_("Usage"),
    "stick": N_("Stick"),
    "setup": N_("Setup"),
    "health": N_("Health"),
    "line": N_("Line"),
}
_HERE = "bold reverse"
_LEAST_PLACE = 8
_NO_TABLE = Table((), (), head=False)
_MOODS = ("good", "busy", "bad", "plain")


class Page(Listener):
    """A screen; what it shows is its ``sheet``.

    Class attributes:
        tab: the screen that the bar on top marks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "back", "")]
    tab: ClassVar[str] = ""
    _had_table = False

    @property
    def desk(self) -> Desk:
        """The application."""
        return desk_of(self.app)

    @property
    def selected(self) -> str:
        """The key of the row under the cursor; empty without rows."""
        return self.grid.selected

    @property
    def grid(self) -> Grid:
        """The first table."""
        return self.query_one("#table", Grid)

    @abstractmethod
    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""

    def entered(self) -> None:
        """Ask for what is needed; called whenever the screen comes to the front."""

    def chosen(self, key: str) -> None:
        """Act on a row."""

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield Lines(id="tabs")
        yield Lines(id="headline")
        yield Lines(id="detail")
        yield Grid(id="table")
        yield Grid(id="second")
        yield WeekGrid(id="week")
        with Vertical(id="progress"):
            yield Lines(id="progress-text")
            yield Bar(id="progress-bar")
        with VerticalScroll(id="notes"):
            yield Lines(id="notes-text")
        yield Facts(id="facts")
        with Vertical(id="foot"):
            yield Lines(id="message")
            yield Lines(id="keys")

    def on_screen_resume(self) -> None:
        """Draw, and ask for what is needed."""
        self.entered()
        self.renew()

    def on_resize(self) -> None:
        """Draw for another size."""
        self.renew()

    def on_grid_moved(self) -> None:
        """Explain another row."""
        self.renew()

    def on_grid_chosen(self, message: Grid.Chosen) -> None:
        """Act on a row."""
        self.chosen(message.key)

    def action_back(self) -> None:
        """Go to the first screen."""
        self.desk.go("today")

    def renew(self) -> None:
        """Draw what is known."""
        # One that is left, or ends with the application, is taken apart part by part while
        # messages to it are still on their way.
        if self.is_mounted and self in self.app.screen_stack:
            with suppress(NoMatches):
                self._draw()

    def _draw(self) -> None:
        width, height = self.app.size
        sheet = self.sheet(self.desk.model, self.desk.language)
        room = room_for(sheet, width, height)
        self._draw_words(sheet, room)
        self._draw_parts(sheet, room)
        self._lines("tabs").put(self._tabs(width))
        keys = fit(self._keys(sheet), max(1, width - 2)).rstrip()
        self._lines("keys").show_plain([keys])
        self._keep_focus()

    def _keep_focus(self) -> None:
        """Give the keys to the table, or to the text where there is none."""
        # Once only for a table: Tab may then lead to the text below it.
        week = self.query_one("#week")
        if week.display:
            self.set_focus(week)
        elif self.grid.display and not self._had_table:
            self.set_focus(self.grid)
        elif self.focused is None or not self.focused.display:
            self.set_focus(self.query_one("#notes"))
        self._had_table = self.grid.display

    def _draw_words(self, sheet: Sheet, room: Room) -> None:
        head = self._lines("headline")
        head.show_plain(room.headline)
        for mood in _MOODS:
            head.set_class(mood == sheet.mood, mood)
        for name, lines in (("headline", room.headline), ("detail", room.detail)):
            self._lines(name).styles.height = len(lines)
            self._lines(name).display = bool(lines)
        self._lines("detail").show_plain(room.detail)
        below = 0 if room.detail else room.air
        self._lines("headline").styles.margin = (room.air, 0, below, 0)
        self._lines("detail").styles.margin = (0, 0, room.air, 0)
        self._lines("message").display = bool(room.message)

    def _draw_parts(self, sheet: Sheet, room: Room) -> None:
        for name, table, lines in (
            ("table", sheet.table, room.table), ("second", sheet.second, room.second),
        ):  # fmt: skip
            grid = self.query_one(f"#{name}", Grid)
            grid.show(table or _NO_TABLE)
            grid.display = bool(table) and lines > 0
            grid.styles.height = lines
        self._give("week", room.week)
        self.query_one("#week", WeekGrid).shown = sheet.week
        self._give("progress", room.progress)
        self._give("notes", room.note_lines)
        self._give("facts", room.facts)
        self.query_one("#facts").styles.margin = (room.gap, 0, 0, 0)
        if sheet.progress is not None:
            self._lines("progress-text").show_plain([sheet.progress.text])
            self.query_one("#progress-bar", Bar).share = sheet.progress.share
        self._lines("notes-text").show(room.notes)
        notes = self.query_one("#notes")
        notes.set_class(bool(sheet.table) and room.note_lines > len(room.notes), "apart")
        self.query_one("#facts", Facts).facts = sheet.facts[: room.facts]

    def _give(self, name: str, lines: int) -> None:
        part = self.query_one(f"#{name}")
        part.display = lines > 0
        part.styles.height = lines

    def _lines(self, name: str) -> Lines:
        return self.query_one(f"#{name}", Lines)

    def say(self, sentence: str) -> None:
        """Show a sentence above the footer."""
        width = max(1, self.app.size.width - 2)
        with suppress(NoMatches):
            self._lines("message").show_plain([fit(sentence, width).rstrip()])

    def _tabs(self, width: int) -> Content:
        """Give the screens with their numbers, and at the right whose node this is."""
        _ = self.desk.language.gettext
        here = list(TABS).index(self.tab)
        texts = [f" {n} {_(name)} " for n, name in enumerate(TABS.values(), 1)]
        if sum(map(cells, texts)) > width:
            texts = [text if n == here else f" {n + 1} " for n, text in enumerate(texts)]
        parts = [Content.styled(text, _HERE if n == here else "") for n, text in enumerate(texts)]
        room = width - sum(map(cells, texts)) - 2
        place = place_of(self.desk.model.known, room)
        if room >= _LEAST_PLACE and place:
            shown = fit(place, min(room, cells(place)))
            parts.append(Content(" " * (room + 1 - cells(shown)) + shown))
        return Content("").join(parts)

    def _keys(self, sheet: Sheet) -> str:
        _ = self.desk.language.gettext
        last = (("l", "中文" if self.desk.language.tag == "en" else "English"),)
        known = (*sheet.keys, ("?", _("help")), *last, ("q", _("leave")))
        return "  ".join(f"{key} {text}" for key, text in known)
