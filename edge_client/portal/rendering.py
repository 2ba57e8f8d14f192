"""Templates: Jinja2, every value escaped, one environment for each language."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.languages import Language
from core.text import human_bytes

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"
ASSETS: Final = (
    "portal.css", "page.js", "player.js", "icon.svg", "teaching.css",
    "renditions.css", "renditions.js",
    "teaching.js",
    "class.css", "class.js", "classfollow.js", "classview.js", "classlead.js", "classpast.js",
    "air.css", "air.js",
)  # fmt: skip


class Renderer:
    """Makes pages."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._languages = list(languages)
        self._environments = {one.code: _environment(one) for one in self._languages}

    def render(self, language: Language, template: str, *, path: str, **values: object) -> str:
        """Make a page.

        Args:
            language: to write it in.
            template: file name.
            path: the page's own address, to come back to in another language.
            values: what the template needs.
        """
        others = [one for one in self._languages if one is not language]
        return (
            self._environments[language.code]
            .get_template(template)
            .render(language=language, others=others, path=path, **values)
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
    environment.filters.update(bytes=human_bytes, segment=_segment)
    environment.globals.update(asset=asset_url)
    return environment


@cache
def asset_url(name: str) -> str:
    """Give the address of one of our static files, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?{digest[:12]}"


def _segment(text: str) -> str:
    return quote(text, safe="/")
