"""What a plan says of lessons, in the words of teachers and pupils."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from core.display import one_line
from core.languages import Language
from core.plan.model import Hold, LessonForecast, Reason, Remedy, State
from edge_client.portal.errors import N_
from edge_client.portal.site import Site
from edge_client.portal.teaching.presence import Presence
from edge_client.portal.teaching.words import day_words

STATES: Final[dict[State, str]] = {
    "ready": N_("Will be here in time"),
    "risk": N_("At risk"),
    "missing": N_("Will not be here in time"),
}
REASONS: Final[dict[Reason, str]] = {
    "withdrawn": N_("its publisher withdrew it"),
    "unassigned": N_("nobody has assigned it to this school"),
    "unpublished": N_("nobody publishes it"),
    "unknown": N_("this node does not know yet what is in its pack"),
    "paused": N_("the line is paused"),
    "line": N_("the line is down"),
    "budget": N_("this month’s data does not suffice"),
    "hours": N_("the hours in which the node uses the line do not suffice"),
    "metered": N_("the line costs by the byte"),
    "disk": N_("the node’s disk is full"),
    "thin": N_("the line is too slow"),
    "lower": N_("in a lower quality"),
}
# The same of what is in time if the line is as usual.
_RISKS: Final[dict[Reason, str]] = {
    **REASONS,
    "thin": N_("in time only if the line is no slower than usual"),
    "hours": N_("the hours of the line suffice only if it is no slower than usual"),
}
# What somebody else can do; wishes have buttons of their own on the page.
ASKED: Final[dict[Remedy, str]] = {
    "resume": N_("let the line go on"),
    "daytime": N_("open the line for some hours"),
    "budget": N_("raise this month’s data"),
    "unmeter": N_("let the line count as not metered"),
    "lower": N_("take lessons in a lower quality"),
    "room": N_("make room on the disk"),
    "stick": N_("bring it on a stick"),
}
OWN: Final[dict[Remedy, str]] = {
    "wish": N_("Wish for it."),
    "assign": N_("Ask your county or whoever made the timetable."),
}
HOLDS: Final[dict[Hold, str]] = {
    "paused": N_("The technician has paused the line; it is fetched when the line goes on."),
    "never": N_("No hour of the week lets the node use the line: tell the technician."),
    "hours": N_("The node does not use the line at this hour."),
    "class": N_("A class needs the line now; it is fetched afterwards."),
    "budget": N_("This month’s data is used up: tell the technician."),
    "metered": N_("The line costs by the byte, so it waits: tell the technician."),
    "line": N_("The line is down."),
    "disk": N_("The node’s disk is full: tell the technician."),
    "peer": N_("Another node of the school’s network is fetching it."),
}
_MOST_WAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a lesson that is not here, or only its sound, can count on.

    Attributes:
        state: as the plan has it.
        says: the same in words, with the reason.
        begins: from when on it can be opened, in words; empty where nobody knows.
        helps: what the reader may do, or whom to ask.
    """

    state: State
    says: str
    begins: str
    helps: str


def prospect(
    site: Site, language: Language, channel: str, start: int, there: Presence
) -> Prospect | None:
    """Give what a lesson can count on; None where it is here or nobody foresees it.

    Args:
        site: the portal.
        language: to say it in.
        channel: the lesson's channel.
        start: minute since 1970 at which it begins.
        there: whether it is here.
    """
    found = site.foresight.lesson(channel, start)
    if found is None or there.state == "here":
        return None
    if found.is_here:
        return _pictures(found, language) if there.state == "sound" else None
    return Prospect(
        found.state,
        _says(found, language),
        _begins(site, language, found),
        helps(found, language, is_wished=there.wish is not None),
    )


def _begins(site: Site, language: Language, lesson: LessonForecast) -> str:
    """Say from when on a lesson is here: only of one that is ready it is sure."""
    _, when = language.texts.gettext, expected_words(site, language, lesson.expected)
    if not when:
        return ""
    if lesson.state == "ready":
        return _("here from {when} on").format(when=when)
    return _("perhaps here from {when} on").format(when=when)


def _pictures(lesson: LessonForecast, language: Language) -> Prospect | None:
    """Say of a lesson of which only the sound is here whether its pictures come in time."""
    _ = language.texts.gettext
    if not lesson.sound_alone:
        return Prospect("ready", _("The pictures will be here in time"), "", "")
    # Where they are not to come at all, that it is only the sound is said already.
    if lesson.is_best:
        return None
    return Prospect("risk", _("The pictures will not be here in time"), "", "")


def helps(lesson: LessonForecast, language: Language, *, is_wished: bool = False) -> str:
    """Say what the reader may do about a lesson that is not ready, or whom to ask."""
    if lesson.state == "ready":
        return ""
    texts = language.texts
    translate = texts.gettext
    done = {"wish"} if is_wished else set()
    own = [translate(OWN[one]) for one in lesson.remedies if one in OWN and one not in done]
    ways = [translate(ASKED[one]) for one in lesson.remedies if one in ASKED][:_MOST_WAYS]
    if ways:
        asked = texts.gettext("Ask the technician: {ways}.")
        own.append(asked.format(ways=texts.gettext("; or ").join(ways)))
    return " ".join(own)


def evening_words(site: Site, language: Language, channel: str) -> tuple[str, State] | None:
    """Say in one sentence how it stands with a channel's next school day; None without one."""
    forecast = site.foresight.forecast()
    now = site.time.now().moment
    if forecast is None or not forecast.day or now is None:
        return None
    day, today = date.fromisoformat(forecast.day), site.time.here(now).date()
    lessons = [
        one
        for one in forecast.lessons
        if one.channel == channel and site.time.at(one.start).date() == day
    ]
    if not lessons:
        return None
    return _counted(language, day_words(language, day, today), lessons)


def _counted(language: Language, day: str, lessons: Iterable[LessonForecast]) -> tuple[str, State]:
    texts, counts = language.texts, Counter(one.state for one in lessons)
    count, day = counts.total(), day[0].upper() + day[1:]
    if counts["ready"] == count:
        text = texts.ngettext(
            "{day}: the {count} lesson is here or comes in time.",
            "{day}: all {count} lessons are here or come in time.",
            count,
        )
        return text.format(day=day, count=count), "ready"
    parts = [
        texts.ngettext(
            "{day}: {ready} of {count} lesson is ready",
            "{day}: {ready} of {count} lessons are ready",
            count,
        ).format(day=day, ready=counts["ready"], count=count)
    ]
    if counts["risk"]:
        parts.append(texts.gettext("{count} at risk").format(count=counts["risk"]))
    if counts["missing"]:
        parts.append(texts.gettext("{count} not in time").format(count=counts["missing"]))
    text = texts.gettext(", ").join(parts) + texts.gettext(".")
    return text, "missing" if counts["missing"] else "risk"


def expected_words(site: Site, language: Language, expected: float | None) -> str:
    """Write when something is expected, such as ``tomorrow 6:10``; empty for nobody knows."""
    now = site.time.now().moment
    if expected is None or now is None:
        return ""
    try:
        moment = site.time.here(datetime.fromtimestamp(expected, UTC))
    except (ValueError, OverflowError, OSError):
        return ""
    today = site.time.here(now).date()
    clock = f"{moment:%H:%M}"
    if moment.date() == today:
        return clock
    return f"{day_words(language, moment.date(), today)} {clock}"


def arrival_words(site: Site, language: Language, pack: str, item: str) -> tuple[str, str]:
    """Say when an item can be opened, and what holds it back; empty where nobody knows."""
    arrival = site.foresight.arrival(pack, item)
    if arrival is None:
        return "", ""
    # What comes from another node or a stick is not held back by the line.
    held = language.texts.gettext(HOLDS[arrival.hold]) if arrival.hold in HOLDS else ""
    # When a line that is down comes back nobody knows.
    finish = None if arrival.hold == "line" else arrival.finish
    return expected_words(site, language, finish), held


def _says(lesson: LessonForecast, language: Language) -> str:
    texts = language.texts
    translate = texts.gettext
    state = translate(STATES[lesson.state])
    if lesson.state == "ready" and lesson.sound_alone:
        return texts.gettext("{state}, only its sound").format(state=state)
    if lesson.state == "ready" and lesson.reason == "lower" and lesson.rendition:
        name = one_line(lesson.rendition, 20)
        return texts.gettext("{state}, in {rendition}").format(state=state, rendition=name)
    if not lesson.reason:
        return state
    reasons = _RISKS if lesson.state == "risk" else REASONS
    why = translate(reasons[lesson.reason])
    return texts.gettext("{state}: {why}").format(state=state, why=why)
