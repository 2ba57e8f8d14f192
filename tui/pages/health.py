"""The doctor's screen."""

from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.page import Page
from tui.texts import Language
from tui.views.health import health
from tui.views.sheet import Sheet


class HealthPage(Page):
    """Shows the doctor's findings."""

    tab = "health"
    BINDINGS: ClassVar[list[BindingType]] = [("r", "again", "")]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return health(model, language)

    def entered(self) -> None:
        """Let the doctor look."""
        self.action_again()

    def action_again(self) -> None:
        """Let the doctor look again."""
        self.desk.ask("doctor")
        self.renew()
