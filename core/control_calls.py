"""What the control socket's methods take and give, beside ``status``, ``watch`` and ``sync``.

A method's parameters are the fields of its ``…Call``, its result is what stands behind it here.
Unknown fields are ignored, so that screen and agent may be of neighbouring versions.

    enrol          EnrolCall     Enrolled       a token as text
    enrol_setup    SetupCall     Enrolled       a setup file, on a stick or anywhere
    sticks                       list[Stick]    sticks that are plugged in, looked at anew
    import_stick   StickCall     StickReport    answers when it has ended; ``watch`` shows progress
    export_stick   StickCall     StickReport    likewise
    release_stick  StickCall     {}             writes everything out and unmounts: safe to remove
    set_names      NamesCall     {}
    teachers                     list[Teacher]
    add_teacher    TeacherCall   {}
    remove_teacher TeacherCall   {}             the PIN is not looked at
    confirm_time   TimeCall      {}
    doctor                       list[Finding]
    usage          UsageCall     UsageReport

Those about plan and line are in ``core.control_line``.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec

from core.codec import convert
from core.control import Wording
from core.errors import RefusedError, UsageError
from core.manifest import Titles

T = TypeVar("T")
_Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_Name = Annotated[str, msgspec.Meta(max_length=100)]


class EnrolCall(msgspec.Struct, frozen=True, kw_only=True):
    """Enrol with a token; ``again`` leaves the present hub for the token's."""

    token: Annotated[str, msgspec.Meta(max_length=8000)]
    again: bool = False


class SetupCall(msgspec.Struct, frozen=True, kw_only=True):
    """Enrol from the setup file at ``path``, an absolute path on the node."""

    path: _Path
    again: bool = False


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The node is enrolled; ``pending`` while the hub has not heard of it yet."""

    node: str
    school: str
    hub: str
    pending: bool = False


class SetupEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A setup file on a stick.

    Attributes:
        path: where it lies, absolute.
        used: a request of another node made with it lies on the stick already.
    """

    path: str
    school: str
    name: str = ""
    used: bool = False


class Stick(msgspec.Struct, frozen=True, kw_only=True):
    """A stick that is plugged in. Sizes in bytes.

    Attributes:
        path: its mirror directory, absolute: what import and export take.
        label: what to call it to a person.
        writable: whether anything can be put on it.
        has_packs: whether a repository is on it.
        last_day: last day (``2026-12-31``) on which what is on it can be installed, as the
            stick says, unverified; empty when it does not say.
        setups: its setup files; empty when there are none.
        for_us: statements or a request of this node lie on it, or a receipt for it.
        problem: why it cannot be used; None when it can.
    """

    path: str
    label: str = ""
    size: int = 0
    free: int = 0
    writable: bool = True
    has_packs: bool = False
    last_day: str = ""
    setups: list[SetupEntry] = []
    for_us: bool = False
    problem: Wording | None = None


class StickCall(msgspec.Struct, frozen=True, kw_only=True):
    """A stick's mirror directory, as ``sticks`` gave it, or any other directory."""

    path: _Path


class StickReport(msgspec.Struct, frozen=True, kw_only=True):
    """How an import or an export ended.

    Attributes:
        exit_code: ``core.errors.ExitCode``.
        packs: packs that are whole now and were not before, by id.
        statements: usage records written to the stick.
        acknowledged: usage records that a receipt of the hub's let go.
        enrolment: whether an enrolment request was written.
        bytes: bytes read from or written to the stick.
        seconds: how long it took.
        problems: sentences, most urgent first.
    """

    exit_code: int = 0
    packs: list[str] = []
    statements: int = 0
    acknowledged: int = 0
    enrolment: bool = False
    bytes: int = 0
    seconds: float = 0.0
    problems: list[Wording] = []


class NamesCall(msgspec.Struct, frozen=True, kw_only=True):
    """What people call the school and this node; None leaves a name as it is."""

    school_name: _Name | None = None
    node_name: _Name | None = None


class Teacher(msgspec.Struct, frozen=True, kw_only=True):
    """A teacher who may lead classes; ``since`` is a date."""

    name: str
    since: str = ""


class TeacherCall(msgspec.Struct, frozen=True, kw_only=True):
    """A teacher and, to add them or change it, their PIN of 4 to 8 digits."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    pin: Annotated[str, msgspec.Meta(max_length=8)] = ""


class TimeCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says that the school's clock shows now: ``2026-11-25T08:28``."""

    local: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d\Z")]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the doctor looked at.

    Attributes:
        name: which: ``clock``, ``disk``, ``line``, ``hub``, ``enrolment``, ``expiry``,
            ``ports``, ``name``, ``state``, ``assignment`` or ``stick``.
        state: ``good``, ``warning`` (works, but will not for long) or ``bad``.
        sentence: what was found, and as its hint what to do.
    """

    name: str
    state: Literal["good", "warning", "bad"]
    sentence: Wording


class UsageCall(msgspec.Struct, frozen=True, kw_only=True):
    """How many days to look back."""

    days: Annotated[int, msgspec.Meta(ge=1, le=31)] = 7


class UsageDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day (school's date): lessons opened, minutes played by single readers, classes."""

    day: str
    opened: int = 0
    minutes: int = 0
    taught: int = 0


class UsagePack(msgspec.Struct, frozen=True, kw_only=True):
    """The same for one pack over all the days."""

    pack: str
    title: Titles = {}
    opened: int = 0
    minutes: int = 0
    taught: int = 0


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was used, of the statements that are still in the journal.

    Attributes:
        waiting: statements that the hub has not acknowledged.
        oldest: age of the oldest, seconds, or None.
        refused: statements that the hub will never take.
        since: first day of which anything is known; the journal is pruned after uploads.
    """

    days: list[UsageDay] = []
    packs: list[UsagePack] = []
    waiting: int = 0
    oldest: float | None = None
    refused: int = 0
    since: str = ""


def parse_call(params: dict[str, Any], kind: type[T]) -> T:
    """Read a call's parameters.

    Raises:
        UsageError: they are not what the method takes.
    """
    try:
        return convert(params, kind)
    except msgspec.ValidationError as error:
        raise UsageError("The call cannot be read: {reason}.", reason=str(error)) from error


def parse_result(value: object, kind: type[T]) -> T:
    """Read a call's result.

    Raises:
        RefusedError: the agent is of another version.
    """
    try:
        return convert(value, kind)
    except msgspec.ValidationError as error:
        raise RefusedError(
            "The node's answer cannot be read: {reason}.",
            hint="Node and screen are of different versions: restart both.",
            reason=str(error),
        ) from error
