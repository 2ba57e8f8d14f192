"""The words of plans: for each code of ``core.plan.model`` a short one and a sentence."""

from typing import Final

from core.plan.model import Hold, LessonForecast, Reason, Remedy, State
from tui.texts import N_, Language
from tui.views.sheet import Cell, Column, Mood, Row, Table

STATES: Final[dict[State, tuple[str, Mood]]] = {
    "ready": (N_("ready"), "good"),
    "risk": (N_("at risk"), "busy"),
    "missing": (N_("missing"), "bad"),
}
# A short one stands behind a state in a table, a sentence below it.
REASONS: Final[dict[Reason, tuple[str, str]]] = {
    "withdrawn": (N_("withdrawn"), N_("Its publisher withdrew it.")),
    "unassigned": (N_("not assigned"), N_("Nobody has assigned it to this school.")),
    "unpublished": (N_("not published"), N_("Nobody publishes it here.")),
    "unknown": (N_("not known yet"), N_("What is in its pack is not known here yet.")),
    "paused": (N_("paused"), N_("The line is paused.")),
    "line": (N_("line is down"), N_("The line is down.")),
    "budget": (N_("budget"), N_("What is left of this month's budget does not suffice.")),
    "hours": (N_("hours"), N_("The line's hours until then do not suffice.")),
    "metered": (N_("metered"), N_("The line is metered, and this is not what a lesson needs.")),
    "disk": (N_("disk is full"), N_("There is no room for it on the disk.")),
    "thin": (N_("line too slow"), N_("The line is too slow to bring it in time.")),
    "lower": (N_("lower quality"), N_("It comes in a lower quality, so as to be in time.")),
}
# The same of what is in time if the line is as usual.
_RISKS: Final[dict[Reason, tuple[str, str]]] = {
    **REASONS,
    "thin": (
        N_("little time"),
        N_("It is in time only if the line is no slower than usual."),
    ),
    "hours": (
        N_("few hours"),
        N_("The line's hours until then suffice only if it is no slower than usual."),
    ),
}
# What helps: in a table with its key; in a sentence; the key that does it, where one does.
REMEDIES: Final[dict[Remedy, tuple[str, str, str]]] = {
    "resume": (N_("go on: p"), N_("let the line go on: press p"), "p"),
    "daytime": (N_("open the line: o"), N_("open the line for some hours: press o"), "o"),
    "budget": (N_("the budget: b"), N_("raise this month's budget: press b"), "b"),
    "unmeter": (N_("not metered: m"), N_("let it count as not metered: press m"), "m"),
    "lower": (N_("take lower: d"), N_("take lessons in a lower quality: press d"), "d"),
    "wish": (N_("a teacher's wish"), N_("a teacher wishes for it on the teacher's page"), ""),
    "room": (N_("a larger disk"), N_("fewer packs for this school, or a larger disk"), ""),
    "stick": (N_("a stick: 4"), N_("bring it on a stick from the hub: press 4"), "4"),
    "assign": (N_("ask the hub"), N_("ask the hub's admin for it"), ""),
}
# What the footer calls these keys.
KEYS: Final = {
    "p": N_("go on"),
    "o": N_("open the line"),
    "b": N_("budget"),
    "m": N_("not metered"),
    "d": N_("take lower"),
}
# What holds everything back: behind the line's state, and as a sentence.
HOLDS: Final[dict[Hold, tuple[str, str]]] = {
    "paused": (
        N_("paused"),
        N_("The line is paused: nothing travels until somebody lets it go on"),
    ),
    "never": (N_("no hours"), N_("No hour of the week lets anything through")),
    "hours": (N_("outside its hours"), N_("Outside the line's hours nothing travels")),
    "class": (
        N_("a class needs it"),
        N_("A class needs the line now: everything else waits"),
    ),
    "budget": (N_("budget used up"), N_("This month's budget is used up")),
    "metered": (N_("metered"), N_("The line is metered: only what lessons need travels")),
    "line": (N_("down"), N_("The line is down")),
    "disk": (N_("disk is full"), N_("The disk is full: nothing more can come")),
    "peer": (
        N_("another node is fetching"),
        N_("Another node of this network is fetching it: this one waits for that"),
    ),
    "done": (N_("nothing to fetch"), N_("Nothing is to be fetched")),
}


def state_words(lesson: LessonForecast, language: Language) -> tuple[str, Mood]:
    """Say how it stands with a lesson, and in a word why: for a table."""
    _ = language.gettext
    word, mood = STATES[lesson.state]
    if lesson.state != "ready":
        short = _reason(lesson)[0]
        return _("{state}: {reason}").format(state=_(word), reason=_(short)) if short else _(
            word
        ), mood
    if lesson.sound_alone:
        return _("ready: only sound"), "busy"
    if lesson.rendition and not lesson.is_best:
        return _("ready: {rendition}").format(rendition=lesson.rendition), mood
    return (_("here already") if lesson.is_here else _(word)), mood


def help_word(lesson: LessonForecast, language: Language) -> str:
    """Say in a word what would help best; empty where nothing would, or need."""
    first = next(iter(lesson.remedies), None) if lesson.state != "ready" else None
    return language.gettext(REMEDIES[first][0]) if first else ""


def reason_sentence(lesson: LessonForecast, language: Language) -> str:
    """Say why a lesson is not ready, or comes lower; empty when it is well."""
    sentence = _reason(lesson)[1]
    return language.gettext(sentence) if sentence else ""


def _reason(lesson: LessonForecast) -> tuple[str, str]:
    reasons = _RISKS if lesson.state == "risk" else REASONS
    return reasons[lesson.reason] if lesson.reason else ("", "")


def help_sentence(remedies: list[Remedy], language: Language, most: int = 3) -> str:
    """Say what would help; empty where nothing would."""
    _ = language.gettext
    ways = [_(REMEDIES[one][1]) for one in remedies[:most]]
    if not ways:
        return ""
    return _("What helps: {ways}.").format(ways=_("; or ").join(ways))


def hold_sentence(hold: Hold, language: Language) -> str:
    """Say why nothing travels by line; empty when something does."""
    return language.gettext(HOLDS[hold][1]) if hold else ""


def hold_word(hold: Hold, language: Language) -> str:
    """Say the same in a word or two."""
    return language.gettext(HOLDS[hold][0]) if hold else ""


def help_choice(ways: list[Remedy], language: Language) -> Table:
    """Offer ways that a key opens."""
    _ = language.gettext
    rows = tuple(
        Row(key, (Cell(key), Cell(_(KEYS[key]) if key in KEYS else _("a stick from the hub"))))
        for key in (REMEDIES[way][2] for way in ways)
    )
    return Table((Column("", 2), Column("")), rows, head=False)
