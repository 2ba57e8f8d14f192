"""Which language a reader of pages gets: the choice; each application has its own catalogue."""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_DEFAULT: Final = "zh_Hans"
_BY_PRIMARY: Final = {"zh": "zh_Hans", "en": "en"}
_MOST_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class Language:
    """A language of pages.

    Attributes:
        code: as gettext writes it.
        tag: as HTML and HTTP write it.
        name: what its speakers call it.
        texts: its messages.
    """

    code: str
    tag: str
    name: str
    texts: gettext.NullTranslations


def page_languages(chinese: gettext.NullTranslations) -> dict[str, Language]:
    """Give the languages by code, the default first; English needs no catalogue."""
    return {
        "zh_Hans": Language("zh_Hans", "zh-Hans", "中文", chinese),
        "en": Language("en", "en", "English", gettext.NullTranslations()),
    }


def choose_language(cookie: str | None, accepted: str | None) -> str:
    """Choose the code of the language to answer in.

    Args:
        cookie: the reader's earlier choice, if there is one.
        accepted: the Accept-Language header.
    """
    if cookie is not None and cookie in _BY_PRIMARY.values():
        return cookie
    for tag in _by_preference(accepted or ""):
        primary = tag.partition("-")[0]
        if primary in _BY_PRIMARY:
            return _BY_PRIMARY[primary]
    return _DEFAULT


def terminal_language(environment: Mapping[str, str], system: str = "") -> str:
    """Choose a primary language as a terminal's user has set it: ``zh`` or ``en``.

    Args:
        environment: the process's.
        system: the system's own name of the locale, for where no variable says it.
    """
    # The kernel's own console has no Chinese letters.
    if environment.get("TERM") == "linux":
        return "en"
    said = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((one for one in said if one), system)
    # Windows spells languages out.
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def _by_preference(header: str) -> list[str]:
    """Give the tags of an Accept-Language header, best first, those with q=0 left out."""
    weighted = []
    for entry in header.lower()[:_MOST_CHARACTERS].split(","):
        tag, _, parameter = entry.partition(";")
        weight = _weight(parameter.strip())
        if weight > 0:
            weighted.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]


def _weight(parameter: str) -> float:
    if not parameter.startswith("q="):
        return 1.0
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0
