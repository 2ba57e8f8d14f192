"""The catalogues of the admin's pages, and the cookie that remembers a reader's choice."""

import gettext
import logging
from pathlib import Path
from typing import Final

from core.languages import Language, page_languages

_LOG: Final = logging.getLogger(__name__)
_LOCALES: Final = Path(__file__).parents[1] / "locale"
_DOMAIN: Final = "hub"
_NODES_LOCALES: Final = Path(__file__).parents[2] / "tui" / "locale"
_NODES_DOMAIN: Final = "tui"
COOKIE: Final = "language"


def N_(text: str) -> str:  # noqa: N802 - gettext's customary mark for texts that wait
    """Mark a text for translation."""
    return text


def load_languages() -> dict[str, Language]:
    """Load all languages by code; the first one is the default."""
    return page_languages(_texts("zh_Hans"))


def _of_nodes(code: str) -> gettext.NullTranslations:
    """Load the sentences that nodes report; English where they are not installed here.

    They are translated once, for the screen at the school.
    """
    return gettext.translation(_NODES_DOMAIN, str(_NODES_LOCALES), [code], fallback=True)


def _texts(code: str) -> gettext.NullTranslations:
    try:
        texts = gettext.translation(_DOMAIN, str(_LOCALES), [code])
    except FileNotFoundError:
        _LOG.warning("The texts in %s are not built, so pages are in English: make assets", code)
        return gettext.NullTranslations()
    texts.add_fallback(_of_nodes(code))
    return texts
