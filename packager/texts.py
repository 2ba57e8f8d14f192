"""What the packager says of packs, in the reader's language."""

import gettext
from functools import cache
from pathlib import Path
from typing import Final

_LOCALES: Final = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # noqa: N802 - gettext's name for it
    """Mark a message that is translated when it is shown."""
    return text


@cache
def texts_in(language: str) -> gettext.NullTranslations:
    """Give what puts messages into a language, ``zh`` or ``en``."""
    if language == "zh":
        return gettext.translation("packager", _LOCALES, ["zh_Hans"], fallback=True)
    return gettext.NullTranslations()
