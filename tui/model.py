"""What the application knows at one moment: the last status, answers, and what it waits for."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from core.control import Failure, Status
from core.control_calls import Finding, Stick, StickReport, Teacher, UsageReport
from core.control_line import LineReport
from tui.client import Absence

T = TypeVar("T")


@dataclass(frozen=True)
class Model:
    """All that views read; a new one is made at every change.

    Attributes:
        status: the latest, None before the first.
        absence: why there is no newer one; None while connected.
        came: when the status came.
        now: this moment; both are monotonic seconds.
        waits: methods that have been called and have not answered, and since when.
        failures: why the last call of a method failed; absent when it did not.
        sticks: None before anybody has looked; so are ``teachers``, ``usage``, ``findings`` and
            ``line``.
        stick: path of the stick that was chosen among several.
        working: the stick that something was last begun with, whatever the keys act on since.
        worked: the method that was last done with a stick; ``report`` is how that ended.
        released: the stick that may be taken out now; None when there is none.
        leaving: its path while the node still lists it.
        days: how many days of usage are asked for.
    """

    status: Status | None = None
    absence: Absence | None = None
    came: float = 0.0
    now: float = 0.0
    waits: dict[str, float] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    sticks: list[Stick] | None = None
    stick: str = ""
    working: Stick | None = None
    worked: str = ""
    report: StickReport | None = None
    released: Stick | None = None
    leaving: str = ""
    teachers: list[Teacher] | None = None
    usage: UsageReport | None = None
    days: int = 7
    findings: list[Finding] | None = None
    line: LineReport | None = None

    @property
    def known(self) -> Status:
        """The latest status, an empty one before the first."""
        return self.status or Status()

    @property
    def passed(self) -> float:
        """Seconds since the status came."""
        return self.now - self.came

    def waiting(self, method: str) -> float | None:
        """Give for how many seconds a call has been waiting for its answer, None if it is not."""
        since = self.waits.get(method)
        return None if since is None else self.now - since

    def asked(self, method: str) -> "Model":
        """Note that a method has been called."""
        return replace(
            self,
            waits={**self.waits, method: self.now},
            failures=_without(self.failures, method),
            working=chosen_stick(self) if method in STICK_WORK else self.working,
        )

    def answered(self, method: str, outcome: object) -> "Model":
        """Take an answer."""
        model = replace(self, waits=_without(self.waits, method))
        if not isinstance(outcome, Failure):
            return _answer(model, method, outcome)
        failed = replace(model, failures={**model.failures, method: outcome})
        return replace(failed, worked=method, report=None) if method in STICK_WORK else failed


# The field that keeps a method's answer.
_KEPT: Final = {"teachers": "teachers", "usage": "usage", "doctor": "findings", "line": "line"}
STICK_WORK: Final = ("import_stick", "export_stick", "release_stick", "enrol_setup")


def chosen_stick(model: Model) -> Stick | None:
    """Give the stick that keys act on: the one chosen, else the first."""
    sticks = model.sticks or []
    return next((stick for stick in sticks if stick.path == model.stick), next(iter(sticks), None))


def _answer(model: Model, method: str, outcome: object) -> Model:
    if method in _KEPT:
        kept: dict[str, Any] = {_KEPT[method]: outcome}
        return replace(model, **kept)
    if method == "sticks":
        return _looked(model, outcome)
    if method not in STICK_WORK:
        return model
    report = outcome if isinstance(outcome, StickReport) else None
    model = replace(model, worked=method, report=report)
    stick = model.working
    if method == "release_stick" and stick is not None:
        left = [one for one in model.sticks or [] if one.path != stick.path]
        return replace(model, released=stick, leaving=stick.path, sticks=left)
    return model


def _looked(model: Model, outcome: object) -> Model:
    """Take the list of sticks; one that was released stays away until it was taken out."""
    found = (
        [stick for stick in outcome if isinstance(stick, Stick)]
        if isinstance(outcome, list)
        else []
    )
    sticks = [stick for stick in found if stick.path != model.leaving]
    if len(sticks) == len(found):
        model = replace(model, leaving="")
    before = {stick.path for stick in model.sticks or []}
    if not model.leaving and any(stick.path not in before for stick in sticks):
        # Another stick, or the same once more: what was said about the last one is over.
        model = replace(model, released=None, worked="", report=None)
    return replace(model, sticks=sticks)


def _without(known: dict[str, T], method: str) -> dict[str, T]:
    return {name: value for name, value in known.items() if name != method}
