"""The help: keys, and what the words mean."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.texts import Language
from tui.views.help import help_text


class HelpScreen(ModalScreen[None]):
    """Shows the help until a key is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,question_mark,enter,space", "dismiss", ""),
    ]

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language

    def compose(self) -> ComposeResult:
        """Lay the text into a box."""
        with VerticalScroll(classes="dialog", id="help"):
            yield Static(Content(help_text(self._language)))
