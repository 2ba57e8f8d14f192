"""What screens and dialogs may ask of the application."""

from collections.abc import Callable
from typing import Protocol, cast

from textual.app import App
from textual.screen import Screen

from tui.model import Model
from tui.texts import Language
from tui.views.forms import Call, Form, Question


class Desk(Protocol):
    """The application, as its screens see it."""

    @property
    def model(self) -> Model:
        """What is known now."""

    @property
    def language(self) -> Language:
        """The language now shown."""

    def ask(self, method: str, **params: object) -> None:
        """Ask the agent; nothing happens while the same is being asked already."""

    def say(self, sentence: str) -> None:
        """Show a sentence above the footer for a while."""

    def go(self, name: str) -> None:
        """Show the screen of this name."""

    def choose_stick(self, path: str) -> None:
        """Let keys act on this stick."""

    def fetch(self) -> None:
        """Ask the agent to look at the hub now."""

    def look_back(self, days: int) -> None:
        """Ask for the usage of so many days."""

    def open_form(self, form: Form) -> None:
        """Let a form be filled in."""

    def ask_time(self) -> None:
        """Let the school's time be confirmed, or typed."""

    def carry_out(self, call: Call) -> None:
        """Ask what a call wants to be asked, then wish it, and say how it ended."""

    def confirm(self, question: Question, then: Callable[[], None]) -> None:
        """Do this when the answer is yes."""


def desk_of(app: App[object]) -> Desk:
    """See the application as its screens do."""
    return cast("Desk", app)


class Listener(Screen[None]):
    """A screen that is told of news and answers; what it does not care for is dropped."""

    def renew(self) -> None:
        """Draw anew: something is known that was not."""

    def heard(self, method: str, outcome: object) -> None:
        """Take the answer to a call."""
