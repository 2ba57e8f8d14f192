"""The guide through import and export by stick."""

from typing import ClassVar

from textual.binding import BindingType

from core.control_calls import SetupEntry
from tui.dialogs.schools import SchoolChoice
from tui.model import STICK_WORK, Model, chosen_stick
from tui.pages.page import Page
from tui.texts import Language
from tui.views.schools import enrolling
from tui.views.sheet import Sheet
from tui.views.stick import next_step, steps, stick

_LOOK_SECONDS = 1.0
# Reading what is on sticks costs a node some work; how many there are, it tells by itself.
_READ_SECONDS = 15.0
_METHODS = {"i": "import_stick", "e": "export_stick", "o": "release_stick"}


class StickPage(Page):
    """Waits for a stick, says what is on it, and does the next thing with it."""

    tab = "stick"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("i", "step('i')", ""),
        ("e", "step('e')", ""),
        ("o", "step('o')", ""),
        ("n", "step('n')", ""),
        ("m", "step('m')", ""),
        ("s", "other", ""),
    ]

    def on_mount(self) -> None:
        """Look for changes while this screen is in front."""
        self.set_interval(_LOOK_SECONDS, self._look)

    def sheet(self, model: Model, language: Language) -> Sheet:
        """Give what is to be shown."""
        return stick(model, language)

    def entered(self) -> None:
        """Look for sticks."""
        self._read_at = None
        self._look()

    def chosen(self, key: str) -> None:
        """Do a step."""
        self.action_step(key)

    def action_step(self, key: str) -> None:
        """Do a step, if it makes sense now."""
        one = chosen_stick(self.desk.model)
        if one is None or key not in steps(self.desk.model):
            return
        if key in {"n", "m"}:
            self.app.push_screen(SchoolChoice(one.setups), self._enrol)
            return
        self.desk.ask(_METHODS[key], path=one.path)
        self.renew()

    def _enrol(self, entry: SetupEntry | None) -> None:
        if entry is not None:
            self.desk.carry_out(enrolling(entry, self.desk.model, self.desk.language))

    def action_other(self) -> None:
        """Act on the next stick from now on, unless something is being done with this one."""
        sticks, one = self.desk.model.sticks or [], chosen_stick(self.desk.model)
        if one is not None and steps(self.desk.model):
            self.desk.choose_stick(sticks[(sticks.index(one) + 1) % len(sticks)].path)

    def heard(self, method: str, outcome: object) -> None:
        """Put the cursor on what is to be done next."""
        del outcome
        if (method in STICK_WORK or method == "sticks") and self.is_current:
            self.call_after_refresh(self._advise)

    def _advise(self) -> None:
        possible, advice = steps(self.desk.model), next_step(self.desk.model)
        state = (self.desk.model.worked, tuple(possible))
        if advice and state != self._advised and self.is_current:
            self._advised = state
            self.grid.cursor = possible.index(advice)

    _advised: object = None
    _count = 0
    _read_at: float | None = None

    def _look(self) -> None:
        """Ask what is on the sticks when their number has changed, and now and then."""
        model = self.desk.model
        if not self.is_current or any(work in model.waits for work in STICK_WORK):
            return
        count = model.known.sticks
        if self._read_at is None or count != self._count or model.now > self._read_at:
            self._count, self._read_at = count, model.now + _READ_SECONDS
            self.desk.ask("sticks")
