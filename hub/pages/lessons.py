"""What the next lessons of a school can count on, in the reader's language."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from gettext import NullTranslations
from typing import Final

from core.display import one_line, title_in
from core.languages import Language
from core.node_report import LessonState, NodeReport
from hub.evening import lessons_ahead
from hub.pages.languages import N_

# Those of ``core.plan.model``; what only a newer node knows is left out.
STATES: Final[dict[str, str]] = {
    "ready": N_("ready"),
    "risk": N_("at risk"),
    "missing": N_("missing"),
}
REASONS: Final[dict[str, str]] = {
    "withdrawn": N_("It was withdrawn."),
    "unassigned": N_("No assignment wants it there."),
    "unpublished": N_("Nobody publishes it."),
    "unknown": N_("The node does not know yet what is in its pack."),
    "paused": N_("The line is paused there."),
    "line": N_("The line is down."),
    "budget": N_("The month’s budget does not suffice."),
    "hours": N_("The line’s hours do not suffice."),
    "metered": N_("The line counts as metered."),
    "disk": N_("The disk is full."),
    "thin": N_("The line is too slow."),
    "lower": N_("It comes in a lower quality, to be in time."),
}
# The same of what is in time if the line is as usual.
_RISKS: Final[dict[str, str]] = {
    **REASONS,
    "hours": N_("The line’s hours suffice only if it is no slower than usual."),
    "thin": N_("It is in time only if the line is no slower than usual."),
}
REMEDIES: Final[dict[str, str]] = {
    "resume": N_("let the line go on there"),
    "daytime": N_("open the line for some hours there"),
    "budget": N_("raise the month’s budget there"),
    "unmeter": N_("let the line count as not metered there"),
    "lower": N_("let the node take lower quality there"),
    "wish": N_("a teacher wishes for it"),
    "room": N_("assign fewer packs, or a larger disk"),
    "stick": N_("send a stick"),
    "assign": N_("assign or publish it"),
}
_WEEKDAYS: Final = (
    N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"),
)  # fmt: skip
_MARKS: Final = {"ready": "is-well", "risk": "is-warning", "missing": "is-urgent"}


@dataclass(frozen=True, slots=True)
class ShownLesson:
    """One lesson as a page shows it; ``mark`` is the class of its state."""

    begins: str
    channel: str
    title: str
    state: str
    mark: str
    rendition: str
    expected: str
    reason: str
    remedies: str


@dataclass(frozen=True, slots=True)
class ShownDay:
    """One day as a page shows it."""

    name: str
    lessons: list[ShownLesson]


def days_ahead(language: Language, report: NodeReport, now: datetime) -> list[ShownDay]:
    """Give the days on which lessons are still to begin.

    Args:
        language: of the page.
        report: the node's newest.
        now: the hub's time.
    """
    days: dict[date, list[ShownLesson]] = {}
    for moment, one in lessons_ahead(report, now):
        shown = _shown(language, one, moment, report.offset)
        days.setdefault(moment.date(), []).append(shown)
    return [
        ShownDay(day_words(language.texts, day.isoformat()), some) for day, some in days.items()
    ]


def day_words(texts: NullTranslations, day: str) -> str:
    """Write a date with its weekday."""
    try:
        name = texts.gettext(_WEEKDAYS[date.fromisoformat(day).weekday()])
    except ValueError:
        return one_line(day, 10)
    return f"{name} {day}"


def _shown(language: Language, one: LessonState, begins: datetime, offset: int) -> ShownLesson:
    texts = language.texts
    state = one.state if one.state in STATES else "missing"
    reasons = _RISKS if state == "risk" else REASONS
    ways = [texts.gettext(REMEDIES[way]) for way in one.remedies if way in REMEDIES]
    return ShownLesson(
        begins=f"{begins:%H:%M}",
        channel=one_line(one.channel, 40),
        title=title_in(one.title, language.tag.partition("-")[0], one_line(one.item)),
        state=texts.gettext(STATES[state]),
        mark=_MARKS[state],
        rendition=one_line(one.rendition, 20) if one.reason == "lower" else "",
        expected=_expected(texts, one, begins.date(), offset) if one.expected else "",
        reason=texts.gettext(reasons[one.reason]) if one.reason in reasons else "",
        remedies=texts.gettext("; ").join(ways) if state != "ready" else "",
    )


def _expected(texts: NullTranslations, one: LessonState, day: date, offset: int) -> str:
    """Say from when on a lesson is here: only of one that is ready it is sure."""
    when = _local(one.expected, offset, day)
    if one.state == "ready":
        return texts.gettext("here from {when} on").format(when=when)
    return texts.gettext("perhaps here from {when} on").format(when=when)


def _local(minute: int, offset: int, day: date) -> str:
    moment = datetime.fromtimestamp(minute * 60, UTC) + timedelta(minutes=offset)
    return f"{moment:%H:%M}" if moment.date() == day else f"{moment:%m-%d %H:%M}"
