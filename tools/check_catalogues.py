"""Checks that every message of every package is translated, into every language it offers.

usage: python tools/check_catalogues.py [ROOT]

Rules:
    - Each ``gettext`` call in Python, JavaScript and templates of a package that has a
      ``locale`` folder is in each of its ``.po`` files, translated, not fuzzy.
    - A translation has the placeholders of its message.
    - Entries that nothing uses any more are errors too: they would be translated in vain.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

MAPPING = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract"), ("**.js", "javascript")]
OPTIONS = {"**.html": {"silent": "false", "trimmed": "true"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "N_": None,
    "ngettext": (1, 2),
}
BRACES = re.compile(r"\{\w*\}")
Text: TypeAlias = str | tuple[str, ...]


def main(root: Path) -> int:
    """Print what is missing; return the exit code."""
    problems = [
        f"{source.relative_to(root)}: {problem}"
        for locale in sorted(root.glob("*/locale"))
        for source in sorted(locale.glob("*/LC_MESSAGES/*.po"))
        for problem in problems_of(source, messages_of(locale.parent))
    ]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


def messages_of(package: Path) -> dict[str, str]:
    """Map each message of a package to the place of its first use."""
    found: dict[str, str] = {}
    extracted = extract_from_dir(package, MAPPING, OPTIONS, keywords=KEYWORDS)
    for path, line, text, _comments, _context in extracted:
        if "static/vendor/" not in path:
            found.setdefault(text if isinstance(text, str) else text[0], f"{path}:{line}")
    return found


def problems_of(source: Path, used: dict[str, str]) -> Iterator[str]:
    """Compare one catalogue with the messages in use."""
    with source.open("rb") as lines:
        catalogue = read_po(lines, locale=source.parents[1].name, abort_invalid=True)
    known = {_first(message.id): message for message in catalogue if message.id}
    for text in sorted(used.keys() - known.keys()):
        yield f"{text!r} is missing (used in {used[text]})"
    for text in sorted(known.keys() - used.keys()):
        yield f"{text!r} is not used any more"
    for text in sorted(known.keys() & used.keys()):
        yield from problems_of_message(catalogue, known[text])


def problems_of_message(catalogue: Catalog, message: Message) -> Iterator[str]:
    """Say what is wrong with one translation."""
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    name = repr(_first(message.id))
    if not all(strings):
        yield f"{name} is not translated"
    elif message.fuzzy:
        yield f"{name} is marked fuzzy"
    elif any(_braces(string) != _braces(_first(message.id)) for string in strings):
        yield f"{name} has other placeholders than its translation"
    for error in message.check(catalogue):
        yield f"{name}: {error}"


def _first(text: Text | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def _braces(text: str | None) -> set[str]:
    return set(BRACES.findall(text or ""))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
