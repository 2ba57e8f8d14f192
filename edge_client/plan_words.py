"""A plan in English words, for the command line: what it costs, the lessons, the actions.

Codes are those of ``core.plan.model``; each has its words here.
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from core.display import cells, fit, one_line, title_in
from core.line.week import Here
from core.plan.model import Action, Hold, LessonForecast, Plan, Quote, Reason, Remedy, State, Why
from core.plan.situation import SourceKind
from core.text import counted, human_bytes, human_duration

MOST_ACTIONS: Final = 20
_DAYS_NAMED: Final = 6
_LONGEST_LESSON: Final = 40
_STATES: Final[dict[State, str]] = {"ready": "ready", "risk": "at risk", "missing": "missing"}
_HOLDS: Final[dict[Hold, str]] = {
    "": "",
    "paused": "the line is paused: packhorse node line resume",
    "never": "no hour of the week allows anything: packhorse node line hours",
    "hours": "the line's hours allow nothing now",
    "class": "a class needs the line",
    "budget": "this month's budget is used up",
    "metered": "the line is metered, and no lesson needs it",
    "line": "the line is down",
    "disk": "the disk has no room for it",
    "peer": "another node of this network is fetching it",
    "done": "everything that is wanted is here",
}
_REASONS: Final[dict[Reason, str]] = {
    "": "",
    "withdrawn": "its publisher withdrew it",
    "unassigned": "nobody has assigned it to this school",
    "unpublished": "nobody publishes it here",
    "unknown": "what is in its pack is not known here yet",
    "paused": "the line is paused",
    "line": "the line is down",
    "budget": "what is left of the budget does not suffice",
    "hours": "the line's hours until then do not suffice",
    "metered": "the line is metered",
    "disk": "the disk has no room for it",
    "thin": "the line is too slow for it",
    "lower": "lower than assigned, so as to be in time",
}
# The same of what is in time if the line is as usual.
_RISKS: Final[dict[Reason, str]] = {
    **_REASONS,
    "hours": "the line's hours until then suffice only if it is no slower than usual",
    "thin": "in time only if the line is no slower than usual",
}
_REMEDIES: Final[dict[Remedy, str]] = {
    "resume": "let the line go on (packhorse node line resume)",
    "daytime": "open the line for some hours (packhorse node line open 3h)",
    "budget": "raise the budget (packhorse node line budget)",
    "unmeter": "let it count as not metered (packhorse node line metered off)",
    "lower": "take lower renditions (packhorse node line lower on)",
    "wish": "a teacher wishes for it on the teacher's page",
    "room": "make room on the disk, or assign fewer packs",
    "stick": "bring it on a stick",
    "assign": "ask the hub's admin for it",
}
_WHYS: Final[dict[Why, str]] = {
    "statements": "usage records",
    "list": "what is in a new version",
    "update": "small update",
    "wish": "a teacher's wish",
    "lesson": "lesson",
    "late": "lesson that it is too late for",
    "assigned": "assigned",
    "better": "better rendition",
    "room": "makes room",
}
_SOURCES: Final[dict[SourceKind, str]] = {
    "stick": "a stick",
    "peer": "other nodes here",
    "parent": "the parent node",
    "hub": "the hub",
}


def quote_sentence(plan: Plan, here: Here) -> str:
    """Say in one sentence what carrying out the plan costs, and when all is here."""
    quote = plan.quote
    if not plan.actions:
        return "All that this node knows to be wanted is here; nothing has to travel."
    parts = [_moved(quote), _finish(plan, here)]
    left = [f"{human_bytes(quote.disk_after)} of the disk"]
    if quote.budget_left is not None:
        left.append(f"{human_bytes(quote.budget_left)} of this month's budget")
    if quote.removed:
        packs = counted(
            len(quote.removed), "pack that nobody assigns makes", "packs that nobody assigns make"
        )
        parts.append(f"{packs} room")
    return f"{'; '.join(parts)}; then {' and '.join(left)} are left."


def _moved(quote: Quote) -> str:
    others = [
        f"{human_bytes(size)} from {_SOURCES[kind]}"
        for kind, size in sorted(quote.by_source.items())
        if kind != "hub" and size
    ]
    line = f"{human_bytes(quote.line)} by line, which takes {human_duration(quote.seconds)} of it"
    return " and ".join([*([line] if quote.line else []), *others]) or "Nothing travels by line"


def _finish(plan: Plan, here: Here) -> str:
    # When a line that is down comes back nobody knows.
    if plan.quote.finish is None or (plan.hold == "line" and plan.quote.line):
        return "when all of it is here cannot be said"
    return f"all is here {_by(plan.quote.finish, plan.made, here)}"


def hold_sentence(plan: Plan, here: Here) -> str:
    """Say why nothing travels by line now; empty when something does or could."""
    if plan.hold in {"", "done"}:
        return ""
    return f"Nothing travels by line now: {held(plan.hold, plan.until, plan.made, here)}."


def held(hold: Hold, until: float | None, now: float, here: Here) -> str:
    """Say why nothing travels, and until when."""
    return _HOLDS[hold] + ("" if until is None else f", until {when(until, now, here)}")


def standings(plan: Plan) -> str:
    """Say in a few words how the next lessons stand: ``5 of the next 6 lessons are ready``."""
    counts = Counter(one.state for one in plan.lessons)
    total = counted(len(plan.lessons), "next lesson")
    head = f"{counts['ready']} of the {total} {'is' if counts['ready'] == 1 else 'are'} ready"
    rest = [f"{counts[state]} {_STATES[state]}" for state in ("risk", "missing") if counts[state]]
    return ", ".join([head, *rest])


def lesson_lines(plan: Plan, here: Here) -> Iterator[str]:
    """Give the lines about the next lessons: how each stands, why, and what would help."""
    if not plan.is_time_known:
        yield "The school's time is not confirmed, so no lesson has a deadline:"
        yield "  packhorse node time"
        return
    rows: list[tuple[str, ...]] = [
        (
            when(one.start * 60.0, plan.made, here, day=True),
            one_line(one.channel),
            title_in(one.title, "en", f"{one.pack}/{one.item}"),
            _STATES[one.state],
            _standing(one, plan.made, here),
        )
        for one in plan.lessons
    ]
    yield from table(("WHEN", "CHANNEL", "LESSON", "STATE", ""), rows)


def _standing(one: LessonForecast, now: float, here: Here) -> str:
    parts = [_coming(one, now, here)]
    if one.reason:
        reasons = _RISKS if one.state == "risk" else _REASONS
        parts.append(reasons[one.reason])
    if one.state != "ready" and one.remedies:
        parts.append(f"helps: {' or '.join(_REMEDIES[name] for name in one.remedies[:2])}")
    return "; ".join(filter(None, parts))


def _coming(one: LessonForecast, now: float, here: Here) -> str:
    """Say since or from when it can be taught, and in what form at its minute."""
    form = "only its sound" if one.sound_alone else one.rendition
    if one.is_here:
        return f"here: {form}" if form else "here"
    if one.expected is None:
        return ""
    begins = "here from" if one.state == "ready" else "perhaps from"
    then = f"; {form} when it is taught" if form else ""
    return f"{begins} {when(one.expected, now, here)}{then}"


def action_lines(plan: Plan, here: Here) -> Iterator[str]:
    """Give the lines about what is done, in order."""
    shown = plan.actions[:MOST_ACTIONS]
    rows: list[tuple[str, ...]] = [
        (
            one.kind,
            _thing(one),
            human_bytes(one.line) if one.line else "-",
            _span(one, plan.made, here),
            _why(one, plan.made, here),
        )
        for one in shown
    ]
    yield from table(("DO", "WHAT", "LINE", "WHEN", "WHY"), rows)
    more = plan.more + len(plan.actions) - len(shown)
    if more:
        yield f"... and {more} more"


def _thing(one: Action) -> str:
    if one.kind == "upload":
        return "usage records"
    name = one_line(f"{one.pack}/{one.item}" if one.item else one.pack)
    return f"{name} {one.rendition}" if one.rendition else name


def _span(one: Action, now: float, here: Here) -> str:
    # When a line that is down comes back nobody knows.
    if one.begins is None or one.finish is None or one.hold == "line":
        return "not foreseen"
    if one.finish - now < 60:  # noqa: PLR2004 - a minute
        return "now"
    return _by(one.finish, now, here)


def _why(one: Action, now: float, here: Here) -> str:
    parts = [_WHYS[one.why]]
    if one.deadline is not None:
        parts[0] += f" {when(one.deadline, now, here)}"
    if one.source != "hub":
        parts.append(f"from {one_line(one.name) or _SOURCES[one.source]}")
    if one.hold:
        parts.append(f"waits: {_HOLDS[one.hold].partition(':')[0]}")
    return "; ".join(parts)


def _by(moment: float, now: float, here: Here) -> str:
    """Say until when; where there is not even a guess of the time, in how long."""
    return f"by {when(moment, now, here)}" if now > 0 else f"in {human_duration(moment - now)}"


def when(moment: float, now: float, here: Here, *, day: bool = False) -> str:
    """Write a moment as the school's clock shows it: ``18:02``, ``Fri 18:02``, or with its date.

    Args:
        moment: seconds since 1970.
        now: the same.
        here: the school's time zone.
        day: name the day also when it is today.
    """
    # What is here in the middle of a minute is here by its end.
    local = here(datetime.fromtimestamp(math.ceil(moment / 60) * 60, UTC))
    today = here(datetime.fromtimestamp(now, UTC)).date()
    ahead = (local.date() - today).days
    if ahead == 0 and not day:
        return local.strftime("%H:%M")
    return local.strftime("%a %H:%M" if 0 <= ahead <= _DAYS_NAMED else "%Y-%m-%d %H:%M")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Give the lines of a table; its last column is as long as it is."""
    lines = [head, *rows]
    widths = [min(_LONGEST_LESSON, max(map(cells, column))) for column in zip(*lines, strict=True)]
    for line in lines:
        first = [fit(cell, width) for cell, width in zip(line[:-1], widths, strict=False)]
        yield "  ".join([*first, line[-1]]).rstrip()
