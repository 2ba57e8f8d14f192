"""What an admin should know about a node: pure rules over what the hub knows of it.

Each warning is a kind (a word for machines and filters), a level, and a sentence as template and
fields, so that a page can translate it. ``TEMPLATES`` has every template, by kind.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from core.errors import RefusedError
from core.node_report import NodeReport, ProblemState
from core.text import human_bytes
from core.trusted_time import format_moment, parse_moment

Level = Literal["urgent", "warning", "note"]
Carrier = Literal["line", "stick"]

# Kind by kind: level and sentence, the most urgent kind first.
TEMPLATES: Final[dict[str, tuple[Level, str]]] = {
    "copied": (
        "urgent",
        "Two machines answer as this node: its card was copied. Enrol one of them anew.",
    ),
    "reused": ("urgent", "Another machine tried to enrol with this node's token on {day}."),
    "conflicts": (
        "urgent",
        "Statements that came again with other content: {count}; two machines may be this node.",
    ),
    "disk": ("urgent", "The disk is nearly full: {free} can still be filled."),
    "silent": ("warning", "Nothing has been heard of it for {days} days."),
    "token-expired": ("warning", "Its token expired on {day} and was never used."),
    "shared": ("warning", "{count} nodes answer for this school."),
    "backlog": ("warning", "Statements that wait: {count}, the oldest for {days} days."),
    "problem": ("warning", "It reports: {problem}"),
    "incomplete": ("warning", "Packs that are not all here: {count}, such as {pack}."),
    "behind": ("warning", "Packs that are not at their newest version: {count}, such as {pack}."),
    "clock": ("note", "Its clock is not verified; it shows {time}."),
    "software": ("note", "It runs Packhorse {found}, the hub {own}."),
    "moved": ("note", "Its card went to another machine on {day}."),
    "token-unused": ("note", "Its token waits to be used, until {day}."),
    "replaced": ("note", "Another node has taken its place: {node}."),
}
LEVELS: Final[tuple[Level, ...]] = ("urgent", "warning", "note")
KINDS: Final = tuple(TEMPLATES)
_FIELD: Final = re.compile(r"\{(\w+)\}")


class Warn(msgspec.Struct, frozen=True):
    """One thing that an admin should know; ``text`` is the sentence in English.

    Attributes:
        template: the sentence before its ``fields`` were filled in.
        inner: the node's own sentence that stands in the field ``problem``.
    """

    kind: str
    level: Level
    text: str
    template: str
    fields: dict[str, str] = {}
    inner: ProblemState | None = None


@dataclass(frozen=True)
class Limits:
    """When a figure becomes a warning.

    Attributes:
        silent_days: days without a word of a node that has a line.
        stick_days: the same of one whose news come by stick.
        backlog_days: age of the oldest statement that waits.
        disk_share: share of the disk, in hundredths, that must still be free to fill.
        patience: time that a node has to fetch what was published.
        clock: how far a node's time may lie from the hub's when it reports.
    """

    silent_days: int = 14
    stick_days: int = 60
    backlog_days: int = 14
    disk_share: int = 5
    patience: timedelta = timedelta(days=1)
    clock: timedelta = timedelta(days=2)


class Newest(msgspec.Struct, frozen=True):
    """The newest version of a pack, and when it was published (UTC)."""

    version: int
    published: datetime


@dataclass(frozen=True)
class Facts:
    """What the hub knows of one node, or of a school that has none yet.

    Attributes:
        now: the hub's time.
        contact: when anything of the node came last; None when there is no node.
        carrier: what carried its last report.
        report: its newest report.
        received: when that came.
        newest: what is published, by pack.
        software: the hub's own version.
        conflicts: statements that came again with other content.
        copied: whether two machines answer as it.
        moved: when its card went to another machine; None when it did not, or long ago.
        reused: when another machine tried its token; None when none did, or long ago.
        alive: nodes of its school that have been heard of since the last of them was enrolled.
        replaced: the node of its school that has come since this one was last heard of.
        token_expires: until when the school's unused token can be used; None without one.
    """

    now: datetime
    contact: datetime | None = None
    carrier: Carrier = "line"
    report: NodeReport | None = None
    received: datetime | None = None
    newest: Mapping[str, Newest] = field(default_factory=dict)
    software: str = ""
    conflicts: int = 0
    copied: bool = False
    moved: datetime | None = None
    reused: datetime | None = None
    alive: int = 1
    replaced: str = ""
    token_expires: datetime | None = None


_Said = tuple[str, dict[str, object]]
_NO_LIMITS: Final = Limits()


def warnings_of(facts: Facts, limits: Limits = _NO_LIMITS) -> list[Warn]:
    """Give what an admin should know of one node, most urgent first."""
    if facts.replaced:
        return [_warn("replaced", {"node": facts.replaced})]
    said = [*_identity(facts), *_contact(facts, limits), *_reported(facts, limits)]
    return sorted((_warn(*one) for one in said), key=lambda one: KINDS.index(one.kind))


def level_of(warnings: list[Warn]) -> Level | None:
    """Give the highest level among warnings; None when there are none."""
    return min((one.level for one in warnings), key=LEVELS.index, default=None)


def _warn(kind: str, fields: Mapping[str, object]) -> Warn:
    level, template = TEMPLATES[kind]
    problem = fields.get("problem")
    if isinstance(problem, ProblemState):
        fields = {"problem": problem_text(problem.template, problem.fields)}
    texts = {name: str(value) for name, value in fields.items()}
    inner = problem if isinstance(problem, ProblemState) else None
    return Warn(kind, level, template.format(**texts), template, texts, inner)


def _identity(facts: Facts) -> Iterator[_Said]:
    if facts.copied:
        yield "copied", {}
    elif facts.moved is not None:
        yield "moved", {"day": _day(facts.moved)}
    if facts.reused is not None:
        yield "reused", {"day": _day(facts.reused)}
    if facts.conflicts:
        yield "conflicts", {"count": facts.conflicts}
    if facts.alive > 1:
        yield "shared", {"count": facts.alive}


def _contact(facts: Facts, limits: Limits) -> Iterator[_Said]:
    if facts.contact is None:
        if facts.token_expires is not None:
            kind = "token-expired" if facts.token_expires <= facts.now else "token-unused"
            yield kind, {"day": _day(facts.token_expires)}
        return
    days = (facts.now - facts.contact).days
    if days >= (limits.stick_days if facts.carrier == "stick" else limits.silent_days):
        yield "silent", {"days": days}


def _reported(facts: Facts, limits: Limits) -> Iterator[_Said]:
    report, received = facts.report, facts.received
    if report is None or received is None:
        return
    yield from _disk(report, limits)
    yield from _backlog(report, limits)
    yield from _clock(report, received, limits)
    yield from _packs(facts, report, received - limits.patience)
    if facts.software and older(report.software, facts.software):
        yield "software", {"found": report.software, "own": facts.software}
    for problem in report.problems[:1]:
        yield "problem", {"problem": problem}


def _disk(report: NodeReport, limits: Limits) -> Iterator[_Said]:
    fillable = max(0, report.disk_free - report.disk_floor)
    if report.disk_total and fillable * 100 < report.disk_total * limits.disk_share:
        yield "disk", {"free": human_bytes(fillable)}


def _backlog(report: NodeReport, limits: Limits) -> Iterator[_Said]:
    since, then = _moment(report.backlog_since), _moment(report.time)
    if report.backlog and since is not None and then is not None:
        days = (then - since).days
        if days >= limits.backlog_days:
            yield "backlog", {"count": report.backlog, "days": days}


def _clock(report: NodeReport, received: datetime, limits: Limits) -> Iterator[_Said]:
    then = _moment(report.time)
    wrong = then is not None and then > received + limits.clock
    if report.clock == "unverified" or wrong:
        yield "clock", {"time": f"{then:%Y-%m-%d %H:%M}" if then else report.time}


def _packs(facts: Facts, report: NodeReport, since: datetime) -> Iterator[_Said]:
    packs = [one for one in report.packs if one.assigned]
    behind = [
        one.pack
        for one in packs
        if (known := facts.newest.get(one.pack))
        and one.version < known.version
        and known.published <= since
    ]
    if behind:
        yield "behind", {"count": len(behind), "pack": min(behind)}
    partial = [
        one.pack for one in packs if one.here + one.withdrawn < one.items and one.pack not in behind
    ]
    if partial:
        yield "incomplete", {"count": len(partial), "pack": min(partial)}


def problem_text(template: str, fields: Mapping[str, str]) -> str:
    """Fill a node's sentence in; what has no value stays as it stands."""
    # Not ``format``: the template is a stranger's, and may ask for a billion spaces.
    return _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)


def older(one: str, other: str) -> bool:
    """Say whether a version is older than another; False when that cannot be told."""
    first, second = _numbers(one), _numbers(other)
    return bool(first and second) and first < second


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        if not (part.isascii() and part.isdigit()) or len(part) > 9:  # noqa: PLR2004 - a bound
            break
        numbers.append(int(part))
    return tuple(numbers)


def _moment(text: str) -> datetime | None:
    try:
        return parse_moment(text) if text else None
    except RefusedError:
        return None


def _day(moment: datetime) -> str:
    return format_moment(moment)[:10]
