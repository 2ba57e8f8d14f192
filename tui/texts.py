"""The screen's languages: English in the code, others in gettext catalogues."""

import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.control import Wording
from core.text import human_duration

_LOCALES: Final = Path(__file__).parent / "locale"
_FIELD: Final = re.compile(r"\{(\w+)\}")


def N_(text: str) -> str:  # noqa: N802 - gettext's name for it
    """Mark a text that is translated where it is used."""
    return text


_UNITS: Final = {
    "s": N_("{number} s"),
    "min": N_("{number} min"),
    "h": N_("{number} h"),
    "d": N_("{number} d"),
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


@dataclass(frozen=True)
class Language:
    """A language of the screen.

    Attributes:
        tag: primary language, by which titles are chosen.
        name: what its speakers call it.
        gettext: translates a text.
        ngettext: translates a text with a count.
    """

    tag: str
    name: str
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]

    def duration(self, seconds: float) -> str:
        """Write a duration."""
        words = human_duration(seconds).split()
        pairs = zip(words[::2], words[1::2], strict=True)
        return " ".join(self.gettext(_UNITS[unit]).format(number=number) for number, unit in pairs)

    def sentence(self, wording: Wording | None, otherwise: str) -> str:
        """Put an error's sentence into this language; English where there is no translation."""
        # gettext gives its catalogue's header for an empty text.
        if wording is None or not wording.template:
            return otherwise
        return filled(self.gettext(wording.template), wording.fields)

    def hint(self, wording: Wording | None) -> str:
        """Put an error's hint into this language."""
        if wording is None or not wording.hint:
            return ""
        return filled(self.gettext(wording.hint), wording.fields)


def filled(template: str, fields: Mapping[str, str]) -> str:
    """Fill the named fields of a template from outside; what has no value stays as it is."""
    return _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)


def load_languages() -> dict[str, Language]:
    """Load the languages by tag."""
    chinese = gettext.translation("tui", _LOCALES, ["zh_Hans"], fallback=True)
    english = gettext.NullTranslations()
    return {
        "zh": Language("zh", "中文", chinese.gettext, chinese.ngettext),
        "en": Language("en", "English", english.gettext, english.ngettext),
    }
