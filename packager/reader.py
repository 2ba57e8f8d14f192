"""Whoever reads what the packager prints."""

import gettext
import locale
import os

from core.languages import terminal_language
from packager.texts import texts_in


def reader_language() -> str:
    """Give the language in which titles are shown: ``zh`` or ``en``."""
    return terminal_language(os.environ, locale.getlocale()[0] or "")


def reader_texts() -> gettext.NullTranslations:
    """Give what puts messages into that language."""
    return texts_in(reader_language())
