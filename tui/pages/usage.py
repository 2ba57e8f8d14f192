"""The screen of usage."""

from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.page import Page
from tui.texts import Language
from tui.views.sheet import Sheet
from tui.views.usage import usage

_WEEK, _MONTH = 7, 31


class UsagePage(Page):
    """Shows what waits for the hub and what was used."""

    tab = "usage"
    BINDINGS: ClassVar[list[BindingType]] = [("r", "again", ""), ("d", "days", "")]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return usage(model, language)

    def entered(self) -> None:
        """Ask for the usage."""
        self.action_again()

    def action_again(self) -> None:
        """Ask for the usage anew."""
        self.desk.look_back(self.desk.model.days)

    def action_days(self) -> None:
        """Change between a week and a month."""
        self.desk.look_back(_MONTH if self.desk.model.days == _WEEK else _WEEK)
