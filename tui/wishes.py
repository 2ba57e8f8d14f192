"""What the screens may ask of the agent: each method, what it answers, and how long that takes."""

from dataclasses import dataclass
from typing import Any, Final

from core.control_calls import Enrolled, Finding, Stick, StickReport, Teacher, UsageReport
from core.control_line import LineReport
from core.line.settings import LineSettings

_SOON: Final = 30.0
_SLOWLY: Final = 180.0


@dataclass(frozen=True, slots=True)
class Wish:
    """A method: the type of its answer, and seconds of patience; None for as long as it takes."""

    kind: Any
    seconds: float | None = _SOON
    then: tuple[str, ...] = ()


# ``then``: what is asked anew once it has been granted.
WISHES: Final[dict[str, Wish]] = {
    "sync": Wish(dict[str, Any]),
    "enrol": Wish(Enrolled, None),
    "enrol_setup": Wish(Enrolled, None, ("sticks",)),
    "sticks": Wish(list[Stick]),
    "import_stick": Wish(StickReport, None, ("sticks",)),
    "export_stick": Wish(StickReport, None, ("sticks",)),
    "release_stick": Wish(dict[str, Any], None, ("sticks",)),
    "set_names": Wish(dict[str, Any]),
    "teachers": Wish(list[Teacher]),
    "add_teacher": Wish(dict[str, Any], _SOON, ("teachers",)),
    "remove_teacher": Wish(dict[str, Any], _SOON, ("teachers",)),
    "confirm_time": Wish(dict[str, Any]),
    "doctor": Wish(list[Finding], _SLOWLY),
    "usage": Wish(UsageReport, _SLOWLY),
    "line": Wish(LineReport),
    "set_line": Wish(LineSettings, _SOON, ("line",)),
    "open_line": Wish(LineSettings, _SOON, ("line",)),
    "pause": Wish(LineSettings, _SOON, ("line",)),
    "resume": Wish(LineSettings, _SOON, ("line",)),
}
