"""The first screen: are tomorrow's lessons here?"""

from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.page import Page
from tui.texts import Language
from tui.views.sheet import Sheet
from tui.views.today import today


class TodayPage(Page):
    """Shows what is here, what arrives and what is missing."""

    tab = "today"
    BINDINGS: ClassVar[list[BindingType]] = [("r", "fetch", ""), ("c", "time", "")]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return today(model, language)

    def chosen(self, key: str) -> None:
        """Show a pack more closely."""
        del key
        self.desk.go("packs")

    def action_fetch(self) -> None:
        """Ask for a poll now."""
        self.desk.fetch()

    def action_time(self) -> None:
        """Confirm the school's time."""
        self.desk.ask_time()
