"""Whoever reads what the packager prints."""

import locale
import os

from core.languages import terminal_language


def reader_language() -> str:
    """Give the language in which titles are shown: ``zh`` or ``en``."""
    return terminal_language(os.environ, locale.getlocale()[0] or "")
