"""The named forms of teaching, as people write them: English or Chinese."""

import difflib
import unicodedata
from typing import Final

from core.display import one_line
from core.errors import UsageError
from core.forms import Form

NAMES: Final[dict[Form, tuple[str, str]]] = {
    "special-delivery": ("Special-delivery classroom", "专递课堂"),
    "famous-teacher": ("Famous-teacher classroom", "名师课堂"),
    "famous-school": ("Famous-school online classroom", "名校网络课堂"),
    "two-teacher": ("Two-teacher classroom", "双师课堂"),
    "air": ("Air classroom", "空中课堂"),
    "integrated": ("Integrated classroom", "融合课堂"),
}
"""Each form's English and Chinese name."""
_SHOWN: Final = 40


def _plain(text: str) -> str:
    words = unicodedata.normalize("NFKC", text).casefold().replace("-", " ").split()
    return " ".join(word for word in words if word != "classroom")


_KNOWN: Final[dict[str, Form]] = {
    _plain(name): form for form, names in NAMES.items() for name in (form, *names)
}


def read_form(text: str) -> Form:
    """Read a form's id or name in either language.

    Raises:
        UsageError: no form is called so.
    """
    form = _KNOWN.get(_plain(text))
    if form is not None:
        return form
    near = difflib.get_close_matches(_plain(text), _KNOWN, n=1)
    raise UsageError(
        "{text} is not a form of teaching.",
        hint="Did you mean {near}?" if near else "Write one of: {known}.",
        text=one_line(text, _SHOWN),
        near=near[0] if near else "",
        known=", ".join(f"{form} {NAMES[form][1]}" for form in NAMES),
    )


def form_name(form: str) -> str:
    """Give a form's names for people, or an empty text for what is none."""
    return next((" ".join(names) for known, names in NAMES.items() if known == form), "")
