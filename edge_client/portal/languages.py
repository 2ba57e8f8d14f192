"""The pages' languages: which there are, and which one a reader gets."""

import gettext
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOG: Final = logging.getLogger(__name__)
_LOCALES: Final = Path(__file__).parents[1] / "locale"
_DOMAIN: Final = "edge_client"
COOKIE: Final = "language"


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages.

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


def load_languages() -> dict[str, Language]:
    """Load all languages by code; the first one is the default."""
    return {
        "zh_Hans": Language("zh_Hans", "zh-Hans", "中文", _texts("zh_Hans")),
        "en": Language("en", "en", "English", gettext.NullTranslations()),
    }


def choose_language(cookie: str | None, accepted: str | None) -> str:
    """Choose the code of the language to answer in.

    Args:
        cookie: the reader's earlier choice, if there is one.
        accepted: the Accept-Language header.
    """
    if cookie in {"zh_Hans", "en"}:
        return cookie
    for tag in _by_preference(accepted or ""):
        primary = tag.partition("-")[0]
        if primary in {"zh", "en"}:
            return "zh_Hans" if primary == "zh" else "en"
    return "zh_Hans"


def _by_preference(header: str) -> list[str]:
    """Give the tags of an Accept-Language header, best first, those with q=0 left out."""
    weighted = []
    for entry in header.lower()[:500].split(","):
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


def _texts(code: str) -> gettext.NullTranslations:
    try:
        return gettext.translation(_DOMAIN, str(_LOCALES), [code])
    except FileNotFoundError:
        _LOG.warning("The texts in %s are not built, so pages are in English: make assets", code)
        return gettext.NullTranslations()
