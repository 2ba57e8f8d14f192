"""The help screen: keys, and what the words mean."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.texts import Language


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
        with Vertical(id="help"):
            yield Static(Content(help_text(self._language)))


def help_text(language: Language) -> str:
    """Give the help in a language."""
    _ = language.gettext
    keys = (
        ("r", _("look at the hub now, fetch what is new, send usage records")),
        ("l", _("other language")),
        ("↑ ↓", _("move in the table")),
        ("?", _("this help")),
        ("q", _("leave; the node goes on")),
    )
    words = (
        _("Here: lessons that can be used now, of all lessons of the newest version."),
        _("No line: lessons that are here are served all the same."),
        _("Usage records wait on this machine until the hub has them; none is lost."),
    )
    lines = [_("Keys"), *(f"  {key:<4} {text}" for key, text in keys), "", *words]
    return "\n".join([*lines, "", _("Escape closes this.")])
