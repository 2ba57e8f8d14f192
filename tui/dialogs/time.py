"""The school's time: right, or typed."""

from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.css.query import NoMatches
from textual.screen import ModalScreen

from core.control import Failure
from tui.desk import Desk, desk_of
from tui.views.forms import time_call
from tui.views.moments import day_and_time, school_moment, written
from tui.views.shared import joined, why
from tui.widgets.lines import Lines


class TimeQuestion(ModalScreen[bool]):
    """Asks with one key; true when the time is to be typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,enter", "right", ""),
        ("n,t", "dismiss(True)", ""),
        ("escape,q", "dismiss(False)", ""),
    ]

    # A refusal of what was typed before is not shown as one of what this asks.
    _asked = False

    @property
    def desk(self) -> Desk:
        """The application."""
        return desk_of(self.app)

    def compose(self) -> ComposeResult:
        """Lay the question into a box."""
        with VerticalScroll(classes="dialog"):
            yield Lines(id="time-title", classes="title")
            yield Lines(id="time-words", classes="words")
            yield Lines(id="time-keys", classes="keys")

    def on_mount(self) -> None:
        """Ask."""
        self._draw()

    def renew(self) -> None:
        """Show what the clock shows now."""
        if self.is_mounted and self in self.app.screen_stack:
            with suppress(NoMatches):
                self._draw()

    def _draw(self) -> None:
        moment = self._moment()
        if moment is None:
            return
        _ = self.desk.language.gettext
        title = _("{time}, right?").format(time=day_and_time(moment, self.desk.language))
        self.query_one("#time-title", Lines).show_plain([title])
        words = _("Compare it with a clock that you trust.")
        failure = self.desk.model.failures.get("confirm_time") if self._asked else None
        if "confirm_time" in self.desk.model.waits:
            words = _("Setting the school's time")
        elif failure is not None:
            words = joined(*why(failure, self.desk.language))
        self.query_one("#time-words", Lines).show_plain([words])
        self.query_one("#time-keys", Lines).show_plain([_("y right   n type it   Esc go back")])

    def action_right(self) -> None:
        """Confirm what is shown."""
        moment = self._moment()
        if moment is not None:
            words = day_and_time(moment, self.desk.language)
            call = time_call(written(moment), self.desk.language, words)
            self._asked = True
            self.desk.ask(call.method, **call.params)
            self.renew()

    def heard(self, method: str, outcome: object) -> None:
        """Close when the node has taken it."""
        if method == "confirm_time" and not isinstance(outcome, Failure):
            self.desk.say(self.desk.language.gettext("The school's time is confirmed."))
            self.dismiss()

    def _moment(self) -> datetime | None:
        return school_moment(self.desk.model.known, self.desk.model.passed)
