"""Keys about the line that two screens have: open it, pause it, its budget, its switches."""

from typing import ClassVar

from textual.binding import BindingType

from tui.dialogs.choice import Choice
from tui.pages.page import Page
from tui.views.line_forms import (
    budget_form,
    lower_call,
    metered_call,
    open_call,
    open_choice,
    pause_call,
)


class LineKeys(Page):
    """A page on which the line can be steered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("o", "open_line", ""),
        ("p", "pause", ""),
        ("b", "budget", ""),
        ("m", "metered", ""),
        ("d", "lower", ""),
    ]

    def action_open_line(self) -> None:
        """Let the whole line be taken for some hours."""
        desk = self.desk
        if desk.model.status is None:
            return
        _ = desk.language.gettext
        title = _("Take the whole line, whatever the hour?")
        self.app.push_screen(Choice(title, open_choice(desk.model, desk.language)), self._open)

    def _open(self, chosen: str | None) -> None:
        if chosen is not None:
            self.desk.carry_out(open_call(chosen, self.desk.language))

    def action_pause(self) -> None:
        """Pause the line, or let it go on."""
        if self.desk.model.status is not None:
            settings = self.desk.model.known.line_settings
            self.desk.carry_out(pause_call(settings, self.desk.language))

    def action_budget(self) -> None:
        """Let the month's budget be set."""
        if self.desk.model.status is not None:
            self.desk.open_form(budget_form(self.desk.model, self.desk.language))

    def action_metered(self) -> None:
        """Let the line count as metered, or not."""
        if self.desk.model.status is not None:
            settings = self.desk.model.known.line_settings
            self.desk.carry_out(metered_call(settings, self.desk.language))

    def action_lower(self) -> None:
        """Take what would come too late in a lower quality, or not."""
        if self.desk.model.status is not None:
            settings = self.desk.model.known.line_settings
            self.desk.carry_out(lower_call(settings, self.desk.language))
