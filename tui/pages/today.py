"""The first screen: are tomorrow's lessons here?"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType

from tui.dialogs.choice import Choice
from tui.model import Model
from tui.pages.line_keys import LineKeys
from tui.texts import Language
from tui.views.evening import evening_of, lesson_under, title_of
from tui.views.plan_words import REMEDIES, help_choice
from tui.views.sheet import Sheet
from tui.views.today import today


class TodayPage(LineKeys):
    """Shows what the next lessons can count on, what arrives and what is missing."""

    tab = "today"
    BINDINGS: ClassVar[list[BindingType]] = [("r", "fetch", ""), ("c", "time", "")]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return today(model, language, self.selected)

    def chosen(self, key: str) -> None:
        """Offer what would help a lesson; show a pack more closely."""
        evening = evening_of(self.desk.model)
        lesson = lesson_under(evening, key) if evening is not None else None
        remedies = lesson.remedies if lesson and lesson.state != "ready" else []
        ways = [one for one in remedies if REMEDIES[one][2]]
        if lesson is None or not ways:
            self.desk.go("packs")
            return
        language = self.desk.language
        title = title_of(lesson, language)
        self.app.push_screen(Choice(title, help_choice(ways, language)), self._help)

    def _help(self, key: str | None) -> None:
        if key is not None:
            self._ways()[key]()

    def _ways(self) -> dict[str, Callable[[], None]]:
        return {
            "p": self.action_pause,
            "o": self.action_open_line,
            "b": self.action_budget,
            "m": self.action_metered,
            "d": self.action_lower,
            "4": partial(self.desk.go, "stick"),
        }

    def action_fetch(self) -> None:
        """Ask for a poll now."""
        self.desk.fetch()

    def action_time(self) -> None:
        """Confirm the school's time."""
        self.desk.ask_time()
