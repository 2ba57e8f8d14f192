"""Days and errors in the reader's language."""

from datetime import date, timedelta
from typing import Final

from core.errors import PackhorseError
from core.languages import Language
from edge_client.portal.errors import N_

_WEEKDAYS: Final = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip
_MONTHS: Final = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"),
    N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
_WEEK: Final = 7
# Of core.school_time and cache.school_clock, whose sentences are shown here too.
_SENTENCES: Final = (
    N_("{text} is not a date and a time."),
    N_("Write it like 2026-11-25T08:28."),
    N_("It cannot be {said}: this node has seen {floor} already."),
    N_("Type today's date and the time that the school's clock shows."),
    N_("The machine's clock is set by itself, and shows another time."),
    N_("If it is wrong by whole hours, set the time zone: key `zone` of node.toml."),
)


def weekday(language: Language, day: date) -> str:
    """Name a day of the week."""
    return language.texts.gettext(_WEEKDAYS[day.weekday()])


def date_words(language: Language, day: date) -> str:
    """Write a date, such as Wednesday 25 November."""
    texts = language.texts
    return texts.gettext("{weekday} {day} {month}").format(
        weekday=weekday(language, day),
        day=day.day,
        month=texts.gettext(_MONTHS[day.month - 1]),
    )


def day_words(language: Language, day: date, today: date) -> str:
    """Name a day as people do: today, tomorrow, Thursday, or its date."""
    texts = language.texts
    ahead = (day - today) // timedelta(days=1)
    if ahead == 0:
        return texts.gettext("today")
    if ahead == 1:
        return texts.gettext("tomorrow")
    return weekday(language, day) if 0 < ahead < _WEEK else date_words(language, day)


def fetch_words(language: Language, day: date, today: date) -> str:
    """Name the button that wishes for a lesson by a day."""
    texts = language.texts
    ahead = (day - today) // timedelta(days=1)
    if ahead <= 0:
        return texts.gettext("Fetch for today")
    if ahead == 1:
        return texts.gettext("Fetch for tomorrow")
    name = weekday(language, day) if ahead < _WEEK else date_words(language, day)
    return texts.gettext("Fetch for {day}").format(day=name)


def say(language: Language, error: PackhorseError) -> str:
    """Write an error's sentence and hint in the reader's language."""
    parts = (error.template, error.hint_template)
    said = (language.texts.gettext(one) for one in parts if one)
    return " ".join(one.format(**error.fields) if error.fields else one for one in said)
