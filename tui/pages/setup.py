"""The screen of settings."""

from typing import ClassVar

from textual.binding import BindingType

from tui.dialogs.choice import Choice
from tui.model import Model
from tui.pages.address import AddressPage
from tui.pages.page import Page
from tui.pages.teachers import TeachersPage
from tui.texts import Language
from tui.views.forms import file_form, names_form, token_form
from tui.views.setup import setup
from tui.views.sheet import Cell, Column, Row, Sheet, Table


class SetupPage(Page):
    """Shows the settings, and opens what changes them."""

    tab = "setup"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("e", "change('e')", ""),
        ("n", "change('n')", ""),
        ("c", "change('c')", ""),
        ("a", "change('a')", ""),
        ("t", "change('t')", ""),
    ]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return setup(model, language, self.selected, self.app.size.height)

    def entered(self) -> None:
        """Ask who may lead classes."""
        self.desk.ask("teachers")

    def chosen(self, key: str) -> None:
        """Open what changes a setting."""
        self.action_change(key)

    def action_change(self, key: str) -> None:
        """Open what changes a setting."""
        desk = self.desk
        if desk.model.status is None:
            return
        if key == "e":
            self._enrol()
        elif key == "n":
            desk.open_form(names_form(desk.model, desk.language))
        elif key == "c":
            desk.ask_time()
        else:
            self.app.push_screen(AddressPage() if key == "a" else TeachersPage())

    def _enrol(self) -> None:
        _ = self.desk.language.gettext
        rows = (
            Row("t", (Cell("t"), Cell(_("with a token: paste it")))),
            Row("f", (Cell("f"), Cell(_("from a setup file on this machine")))),
            Row("s", (Cell("s"), Cell(_("from a stick: choose the school")))),
        )
        table = Table((Column("", 2), Column("")), rows, head=False)
        self.app.push_screen(Choice(_("Enrol this machine"), table), self._enrol_by)

    def _enrol_by(self, way: str | None) -> None:
        desk = self.desk
        if way == "t":
            desk.open_form(token_form(desk.model, desk.language))
        elif way == "f":
            desk.open_form(file_form(desk.model, desk.language))
        elif way == "s":
            desk.go("stick")
