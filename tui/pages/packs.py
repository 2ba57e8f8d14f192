"""The screen of packs."""

from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.page import Page
from tui.texts import Language
from tui.views.packs import packs
from tui.views.sheet import Sheet


class PacksPage(Page):
    """Shows what this node holds, and all about the pack under the cursor."""

    tab = "packs"
    BINDINGS: ClassVar[list[BindingType]] = [("r", "fetch", "")]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return packs(model, language, self.selected)

    def action_fetch(self) -> None:
        """Ask for a poll now."""
        self.desk.fetch()
