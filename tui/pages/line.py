"""The screen of the line: its hours, its budget, its switches."""

from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from tui.model import Model
from tui.pages.line_keys import LineKeys
from tui.texts import Language
from tui.views.line import line_page
from tui.views.line_forms import hours_call
from tui.views.sheet import Sheet
from tui.views.week import WeekDraft


class LinePage(LineKeys):
    """Shows how the line is used, and lets its hours be edited."""

    tab = "line"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up,k", "move(-1, 0)", ""),
        ("down,j", "move(1, 0)", ""),
        ("left", "move(0, -1)", ""),
        ("right", "move(0, 1)", ""),
        ("home", "move(0, -24)", ""),
        ("end", "move(0, 24)", ""),
        ("v", "mark", ""),
        ("space,enter", "step", ""),
        ("plus,equals_sign", "tune(1)", ""),
        ("minus", "tune(-1)", ""),
        ("s", "save", ""),
        ("r", "fetch", ""),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._draft = WeekDraft()

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        if model.status is not None:
            self._draft = self._draft.following(model.known.line_settings.week)
        return line_page(model, language, self._draft)

    def entered(self) -> None:
        """Ask what was measured, and when the budget begins anew."""
        self.desk.ask("line")

    def action_move(self, days: int, hours: int) -> None:
        """Move the cursor."""
        self._edit(self._draft.moved(days, hours))

    def action_mark(self) -> None:
        """Begin a block, or forget it."""
        self._edit(self._draft.marked())

    def action_step(self) -> None:
        """Give the block the next share."""
        self._edit(self._draft.stepped())

    def action_tune(self, direction: int) -> None:
        """Give the block a little more or less."""
        self._edit(self._draft.tuned(direction))

    def action_save(self) -> None:
        """Let the node follow these hours."""
        if not self._draft.is_changed:
            return
        call = hours_call(self._draft.week, self.desk.language)
        if isinstance(call, str):
            self.desk.say(call)
        else:
            self._edit(replace(self._draft, mark=None))
            self.desk.carry_out(call)

    def action_fetch(self) -> None:
        """Ask for a poll now."""
        self.desk.fetch()

    def action_back(self) -> None:
        """Undo what was not saved, else go to the first screen."""
        if self._draft.is_changed or self._draft.mark:
            self._edit(self._draft.undone())
        else:
            super().action_back()

    def _edit(self, draft: WeekDraft) -> None:
        if self.desk.model.status is not None:
            self._draft = draft
            self.renew()
