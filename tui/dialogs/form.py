"""A form: what was typed stays until the agent has taken it."""

from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.screen import ModalScreen
from textual.widgets import Static

from core.control import Failure
from core.display import one_line
from tui.desk import Desk, desk_of
from tui.views.forms import Call, Field, Form
from tui.views.shared import joined, why
from tui.widgets.entry import Entry
from tui.widgets.lines import Lines


class FormScreen(ModalScreen[None]):
    """Lets a form be filled in; Enter goes to the next field, and from the last one sends it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "")]

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form
        self._call: Call | None = None

    @property
    def desk(self) -> Desk:
        """The application."""
        return desk_of(self.app)

    def compose(self) -> ComposeResult:
        """Lay the fields into a box."""
        _ = self.desk.language.gettext
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(Content(self._form.title), classes="title")
            yield Static(Content("\n".join(self._form.intro)), classes="words")
            for field in self._form.fields:
                with Horizontal(classes="field"):
                    yield Static(Content(field.label), classes="field-label")
                    yield self._line(field)
            yield Lines(id="form-said")
            keys = _("Enter go on   Esc go back")
            yield Static(Content(keys), classes="keys")

    def _line(self, field: Field) -> Entry:
        return Entry(
            field.value,
            entered=self._entered,
            placeholder=field.example,
            max_length=field.most,
            id=f"field-{field.name}",
        )

    def on_mount(self) -> None:
        """Begin with the first field, or with the first one that is empty."""
        lines = list(self.query(Entry))
        empty = (line for line in lines if not line.value and not self._form.from_first)
        next(empty, lines[0]).focus()

    def _entered(self, line: Entry) -> None:
        """Go to the next field, or send the form."""
        if self._call is not None and self._call.method in self.desk.model.waits:
            return
        lines = list(self.query(Entry))
        place = lines.index(line)
        if place + 1 < len(lines):
            self.set_focus(lines[place + 1])
            return
        names = [field.name for field in self._form.fields]
        values = {name: line.value for name, line in zip(names, lines, strict=True)}
        call = self._form.check(values)
        if isinstance(call, str):
            self._say(call, "bad")
            return
        if call.question is None:
            self._send(call)
        else:
            self.desk.confirm(call.question, lambda: self._send(call))

    def _send(self, call: Call) -> None:
        self._call = call
        self.desk.ask(call.method, **call.params)
        self.renew()

    def renew(self) -> None:
        """Say what is being waited for, and for how long."""
        call = self._call
        waited = None if call is None else self.desk.model.waiting(call.method)
        here = self.is_mounted and self in self.app.screen_stack
        if call is not None and waited is not None and here:
            with suppress(NoMatches):
                self._say(f"{call.waits} … {self.desk.language.duration(waited)}", "busy")

    def heard(self, method: str, outcome: object) -> None:
        """Close when the agent has taken it; else say why not, with all that was typed."""
        if self._call is None or method != self._call.method:
            return
        if isinstance(outcome, Failure):
            self._say(joined(*why(outcome, self.desk.language)), "bad")
            return
        self.desk.say(self._call.done)
        self.dismiss()

    def _say(self, sentence: str, mood: str) -> None:
        said = self.query_one("#form-said", Lines)
        said.set_class(mood == "bad", "bad")
        said.show_plain([one_line(sentence)])
