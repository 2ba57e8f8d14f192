"""Phases of work, durations and states, in the reader's language."""

import re
from datetime import datetime
from gettext import NullTranslations
from typing import Final

from core.display import one_line
from core.errors import RefusedError
from core.text import human_duration
from core.trusted_time import parse_moment
from hub.pages.languages import N_

_PHASES: Final = {
    "Reading the folder": N_("Reading the folder"),
    "Looking at videos": N_("Looking at the videos"),
    "Making renditions": N_("Making the videos fit for slow lines"),
    "Full bundle": N_("Making what new schools fetch"),
    "Delta from version": N_("Making what schools with version {number} fetch"),
    "Fetching version": N_("Fetching version {number} from the repository"),
    "Uploading": N_("Putting the files into the repository"),
}
_NUMBERED: Final = re.compile(r"(.*) (\d{1,16})\Z")
_UNITS: Final = {
    "s": N_("{number} s"),
    "min": N_("{number} min"),
    "h": N_("{number} h"),
    "d": N_("{number} d"),
}
_CLOCKS: Final = {
    "verified": N_("verified"),
    "confirmed": N_("confirmed by a person"),
    "unverified": N_("not verified"),
}
FORMS: Final = {
    "special-delivery": N_("Special-delivery classroom"),
    "famous-teacher": N_("Famous-teacher classroom"),
    "famous-school": N_("Famous-school online classroom"),
    "two-teacher": N_("Two-teacher classroom"),
    "air": N_("Air classroom"),
    "integrated": N_("Integrated classroom"),
}
"""Forms of teaching."""
_CARRIERS: Final = {"line": N_("line"), "stick": N_("stick")}
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400


def phase_words(texts: NullTranslations, phase: str) -> str:
    """Name a phase of the packager's work, such as ``Delta from version 3``."""
    match = _NUMBERED.match(phase)
    plain, number = (match[1], match[2]) if match else (phase, "")
    words = _PHASES.get(plain)
    return texts.gettext(words).format(number=number) if words else one_line(phase, 80)


def duration_words(texts: NullTranslations, seconds: float) -> str:
    """Write a duration in the units of the reader's language."""
    if 0 < seconds < 1:
        return texts.gettext(N_("under 1 s"))
    words = human_duration(seconds).split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return " ".join(texts.gettext(_UNITS[unit]).format(number=number) for number, unit in pairs)


def ago_words(texts: NullTranslations, moment: str, now: datetime) -> str:
    """Say how long ago a moment (UTC) was; the moment itself where that cannot be said."""
    try:
        seconds = (now - parse_moment(moment)).total_seconds()
    except RefusedError:
        return one_line(moment, 20)
    if seconds < 2 * _MINUTE:
        return texts.gettext(N_("just now"))
    if seconds < 2 * _HOUR:
        return texts.gettext(N_("{number} min ago")).format(number=int(seconds // _MINUTE))
    if seconds < 2 * _DAY:
        return texts.gettext(N_("{number} h ago")).format(number=int(seconds // _HOUR))
    return texts.gettext(N_("{number} days ago")).format(number=int(seconds // _DAY))


def moment_words(moment: str) -> str:
    """Write a moment (UTC) so that a person reads it at a glance."""
    try:
        return f"{parse_moment(moment):%Y-%m-%d %H:%M} UTC"
    except RefusedError:
        return one_line(moment, 20)


def clock_words(texts: NullTranslations, state: str) -> str:
    """Name the state of a node's clock."""
    return texts.gettext(_CLOCKS[state]) if state in _CLOCKS else one_line(state, 20)


def carrier_words(texts: NullTranslations, carrier: str) -> str:
    """Name what carried a node's report."""
    return texts.gettext(_CARRIERS[carrier]) if carrier in _CARRIERS else one_line(carrier, 20)
