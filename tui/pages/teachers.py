"""Who may lead classes: below Setup."""

from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.page import Page
from tui.texts import Language
from tui.views.forms import removing, teacher_form
from tui.views.sheet import Sheet
from tui.views.teachers import teachers


class TeachersPage(Page):
    """Lists, adds and removes teachers."""

    tab = "setup"
    BINDINGS: ClassVar[list[BindingType]] = [("a", "add", ""), ("d,delete", "remove", "")]

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return teachers(model, language)

    def entered(self) -> None:
        """Ask who may lead classes."""
        self.desk.ask("teachers")

    def chosen(self, key: str) -> None:
        """Give a teacher a new PIN."""
        self.desk.open_form(teacher_form(self.desk.model, self.desk.language, key))

    def action_add(self) -> None:
        """Add a teacher."""
        self.desk.open_form(teacher_form(self.desk.model, self.desk.language))

    def action_remove(self) -> None:
        """Remove the teacher under the cursor, after a question."""
        name = self.selected
        if name:
            question = removing(name, self.desk.language)
            self.desk.confirm(question, lambda: self.desk.ask("remove_teacher", name=name))

    def action_back(self) -> None:
        """Go back to the settings."""
        self.dismiss()
