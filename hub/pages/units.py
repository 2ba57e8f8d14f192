"""Phases of work and durations, in the reader's language."""

import re
from gettext import NullTranslations
from typing import Final

from core.display import one_line
from core.text import human_duration
from hub.pages.languages import N_

_PHASES: Final = {
    "Reading the folder": N_("Reading the folder"),
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


def phase_words(texts: NullTranslations, phase: str) -> str:
    """Name a phase of the packager's work, such as ``Delta from version 3``."""
    match = _NUMBERED.match(phase)
    plain, number = (match[1], match[2]) if match else (phase, "")
    words = _PHASES.get(plain)
    return texts.gettext(words).format(number=number) if words else one_line(phase, 80)


def duration_words(texts: NullTranslations, seconds: float) -> str:
    """Write a duration in the units of the reader's language."""
    words = human_duration(seconds).split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return " ".join(texts.gettext(_UNITS[unit]).format(number=number) for number, unit in pairs)
