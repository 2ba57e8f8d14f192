"""The school's address with its QR code: below Setup."""

from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.page import Page
from tui.texts import Language
from tui.views.address import address
from tui.views.sheet import Sheet


class AddressPage(Page):
    """Shows one address at a time."""

    tab = "setup"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,right", "turn(1)", ""),
        ("up,left", "turn(-1)", ""),
    ]
    _number = 0

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        width, height = self.app.size
        return address(model, language, self._number, width, height)

    def action_turn(self, by: int) -> None:
        """Show the next address."""
        self._number += by
        self.renew()

    def action_back(self) -> None:
        """Go back to the settings."""
        self.dismiss()
