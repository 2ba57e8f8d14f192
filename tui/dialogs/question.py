"""A question before something that cannot be taken back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.texts import Language
from tui.views.forms import Question


class Confirm(ModalScreen[bool]):
    """Asks; only ``y`` is a yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "dismiss(True)", ""),
        ("n,escape,q", "dismiss(False)", ""),
    ]

    def __init__(self, question: Question, language: Language) -> None:
        super().__init__()
        self._question = question
        self._language = language

    def compose(self) -> ComposeResult:
        """Lay the question into a box."""
        _ = self._language.gettext
        with VerticalScroll(classes="dialog"):
            yield Static(Content(self._question.title), classes="title")
            yield Static(Content("\n".join(self._question.lines)), classes="words")
            keys = _("y {yes}   n go back").format(yes=self._question.yes)
            yield Static(Content(keys), classes="keys")
