"""What the forms ask, how they check it, and what they then wish. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.display import one_line
from core.errors import RefusedError
from core.token import MAX_TOKEN_CHARACTERS, decode_token
from tui.model import Model
from tui.texts import Language
from tui.views.moments import day_and_time, school_moment, typed_moment, written
from tui.views.shared import joined

_LEAST_PIN: Final = 4
_MOST_PIN: Final = 8
_MOST_NAME: Final = 40
_MOST_PATH: Final = 4096


@dataclass(frozen=True, slots=True)
class Field:
    """A line to fill in; ``most`` is how many characters it takes."""

    name: str
    label: str
    value: str = ""
    most: int = 100
    example: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to confirm: what will happen, and what to call the yes."""

    title: str
    lines: tuple[str, ...]
    yes: str


@dataclass(frozen=True, slots=True)
class Call:
    """A wish: method, parameters, what to confirm first, what it waits for, and its good end."""

    method: str
    params: dict[str, object]
    waits: str
    done: str
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A form; ``check`` gives the wish, or a sentence that says what is wrong.

    Attributes:
        from_first: whether it begins in its first field rather than in the first empty one.
    """

    title: str
    intro: tuple[str, ...]
    fields: tuple[Field, ...]
    check: Callable[[Mapping[str, str]], Call | str]
    from_first: bool = False


def token_form(model: Model, language: Language) -> Form:
    """Enrol with a token."""
    _ = language.gettext

    def check(values: Mapping[str, str]) -> Call | str:
        text = "".join(values["token"].split())
        try:
            token = decode_token(text)
        except RefusedError as error:
            hint = _(error.hint_template) if error.hint_template else ""
            return joined(one_line(_(error.template)), hint)
        hub, school = one_line(token.hub), one_line(token.school)
        question = leaving(model, language, school, hub) or Question(
            _("Enrol this machine?"),
            (_("School: {school}").format(school=school), _("Hub: {hub}").format(hub=hub)),
            _("enrol"),
        )
        return Call(
            "enrol",
            {"token": text, "again": bool(model.known.node)},
            _("Asking {hub} to take this machine").format(hub=hub),
            _("This machine is enrolled."),
            question,
        )

    return Form(
        _("Enrol with a token"),
        (_("Paste the token that the hub's admin sent; it begins with ph1-."),),
        (Field("token", _("Token"), most=2 * MAX_TOKEN_CHARACTERS, example="ph1-…"),),
        check,
    )


def file_form(model: Model, language: Language) -> Form:
    """Enrol from a setup file on this machine."""
    _ = language.gettext

    def check(values: Mapping[str, str]) -> Call | str:
        path = values["path"].strip()
        if not path.startswith("/"):
            return _("Write the whole path, from the first / on.")
        return Call(
            "enrol_setup",
            {"path": path, "again": bool(model.known.node)},
            _("Reading the setup file and checking its signatures"),
            _("This machine is enrolled."),
            leaving(model, language, "", ""),
        )

    return Form(
        _("Enrol from a setup file"),
        (_("The hub's admin makes one for each school; it may lie anywhere on this machine."),),
        (Field("path", _("Path"), most=_MOST_PATH, example="/home/pi/school.json"),),
        check,
    )


def leaving(model: Model, language: Language, school: str, hub: str) -> Question | None:
    """Ask before this machine leaves its hub; None when it has none."""
    _, status = language.gettext, model.known
    if not status.node:
        return None
    lines = [
        _("This machine belongs to {school} at {hub}.").format(
            school=one_line(status.school), hub=one_line(status.hub)
        )
    ]
    if school:
        lines.append(_("It would belong to {school}.").format(school=one_line(school)))
    if hub:
        lines.append(_("Its hub would be {hub}.").format(hub=hub))
    lines.append(_("Lessons stay. To come back it needs a new token from the old hub."))
    return Question(_("Leave the present hub?"), tuple(lines), _("leave it"))


def names_form(model: Model, language: Language) -> Form:
    """Name school and machine."""
    _, status = language.gettext, model.known

    def check(values: Mapping[str, str]) -> Call | str:
        names = {name: one_line(text, 100) for name, text in values.items()}
        return Call("set_names", dict(names), _("Writing the names"), _("The names are set."))

    return Form(
        _("Names"),
        (_("What people call them. They are shown on the pages and told to the hub."),),
        (
            Field("school_name", _("School"), one_line(status.school_name, 100)),
            Field("node_name", _("This machine"), one_line(status.node_name, 100)),
        ),
        check,
        from_first=True,
    )


def teacher_form(model: Model, language: Language, name: str = "") -> Form:
    """Add a teacher, or give one a new PIN."""
    _ = language.gettext

    def check(values: Mapping[str, str]) -> Call | str:
        who, pin = one_line(values["name"], _MOST_NAME), values["pin"].strip()
        if not who:
            return _("Write the teacher's name.")
        if not (_LEAST_PIN <= len(pin) <= _MOST_PIN and pin.isascii() and pin.isdigit()):
            return _("A PIN has 4 to 8 digits.")
        known = any(teacher.name == who for teacher in model.teachers or [])
        text = _("{name} has a new PIN.") if known else _("{name} may lead classes now.")
        return Call(
            "add_teacher",
            {"name": who, "pin": pin},
            _("Keeping the PIN, so that nobody can read it"),
            text.format(name=who),
        )

    return Form(
        _("A teacher"),
        (_("The same name again gives that teacher a new PIN. Write the PIN down for them now."),),
        (
            Field("name", _("Name"), name, most=_MOST_NAME),
            Field("pin", _("PIN"), most=_MOST_PIN, example=_("4 to 8 digits")),
        ),
        check,
    )


def time_form(model: Model, language: Language) -> Form:
    """Say what the school's clock shows."""
    _ = language.gettext
    near = school_moment(model.known, model.passed)

    def check(values: Mapping[str, str]) -> Call | str:
        moment = typed_moment(values["time"], near)
        if moment is None:
            return _("Write it like 8:28, or 2026-11-24 8:28 with the date.")
        return time_call(written(moment), language, day_and_time(moment, language))

    return Form(
        _("The school's time"),
        (_("What does the school's clock show? The date may be left out if it is right here:"),)
        + ((day_and_time(near, language),) if near else (_("this machine knows no date"),)),
        (Field("time", _("Time"), most=20, example="8:28"),),
        check,
    )


def time_call(local: str, language: Language, words: str) -> Call:
    """Wish that the node takes this as the school's time."""
    _ = language.gettext
    return Call(
        "confirm_time",
        {"local": local},
        _("Setting the school's time"),
        _("The school's time is {time}.").format(time=words),
    )


def removing(name: str, language: Language) -> Question:
    """Ask before a teacher is removed."""
    _ = language.gettext
    return Question(
        _("Remove {name}?").format(name=one_line(name)),
        (_("The PIN is forgotten; to come back the teacher needs a new one."),),
        _("remove"),
    )
