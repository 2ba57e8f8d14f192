"""Templates: Jinja2, every value escaped, one environment for each language."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.display import one_line
from core.languages import Language
from core.text import human_bytes
from hub.pages.lessons import day_words
from hub.pages.units import (
    ago_words,
    carrier_words,
    clock_words,
    duration_words,
    moment_words,
)
from hub.pages.warnings import NAMES, said_in_line, sentence_of

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"
ASSETS: Final = ("admin.css", "admin.js", "icon.svg")
PREFIX: Final = "/admin/"


class Renderer:
    """Makes pages."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._languages = list(languages)
        self._environments = {one.code: _environment(one) for one in self._languages}

    def render(self, language: Language, template: str, **values: object) -> str:
        """Make a page.

        Args:
            language: to write it in.
            template: file name.
            values: what the template needs.
        """
        others = [one for one in self._languages if one is not language]
        return (
            self._environments[language.code]
            .get_template(template)
            .render(language=language, others=others, **values)
        )


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    install: Callable[..., None] = environment.install_gettext_translations  # type: ignore[attr-defined] # from jinja2.ext.i18n
    install(language.texts, newstyle=True)
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update(
        bytes=human_bytes,
        line=one_line,
        moment=moment_words,
        kind=lambda kind: language.texts.gettext(NAMES[kind]),
    )
    words: dict[str, Callable[..., object]] = {
        "ago": ago_words,
        "carrier": carrier_words,
        "clock": clock_words,
        "duration": duration_words,
        "day": day_words,
        "said": said_in_line,
        "warning": sentence_of,
    }
    environment.filters.update(
        {name: partial(function, language.texts) for name, function in words.items()}
    )
    environment.globals.update(asset=asset_url, query=query, prefix=PREFIX)
    return environment


@cache
def asset_url(name: str) -> str:
    """Give the address of one of our static files, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"{PREFIX}static/{name}?{digest[:12]}"


def query(values: Mapping[str, str]) -> str:
    """Write the query of an address."""
    return "?" + urlencode(values) if values else ""
