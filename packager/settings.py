"""``pack.toml``: what the admin says about a pack. Reference: ``docs/packs.md``.

Rules: strict and bounded. An unknown key, a wrong type or a malformed value is an error whose
sentence names the key, because a misspelt ``valid_untill`` would otherwise be silently lost.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from core.errors import UsageError
from core.manifest import MAX_FILES
from core.names import PackId, check_path, parse_pack_id
from packager.faults import own_folder, unreadable
from packager.forms import read_form
from packager.media.plan import USUAL
from packager.wanted import read_wanted

FILE_NAME: Final = "pack.toml"
MAX_BYTES: Final = 256 * 1024
# The time that a dotted key takes grows with the square of its length.
MAX_LINE: Final = 4096
MAX_VERSION: Final = 2**53 - 1
MAX_TITLE: Final = 300
MAX_WORD: Final = 100
WORDS: Final = ("section", "stage", "subject", "edition", "grade", "volume")
_PACK_KEYS: Final = (
    *("id", "version", "language", *WORDS),
    *("form", "valid_until", "renditions", "title", "item"),
)
_ITEM_KEYS: Final = ("path", "title", "valid_until", "renditions")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_TYPES: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number with a decimal point",
    str: "a text",
    list: "a list",
    dict: "a table",
    date: "a date",
    datetime: "a date with a time",
    time: "a time of day",
}


@dataclass(frozen=True)
class ListedItem:
    """One ``[[item]]``: a file or folder, without a slash at its end.

    ``renditions`` is None where the pack's are meant.
    """

    path: str
    titles: Mapping[str, str] = field(default_factory=dict)
    valid_until: str | None = None
    renditions: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Settings:
    """What ``pack.toml`` says. ``words`` holds section, stage, subject and so on.

    ``form`` is one of ``core.forms.FORMS``, or empty; ``renditions`` are wanted of each video.
    """

    id: PackId
    version: int | None = None
    language: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    valid_until: str | None = None
    renditions: tuple[str, ...] = USUAL
    titles: Mapping[str, str] = field(default_factory=dict)
    items: tuple[ListedItem, ...] = ()


def read_settings(folder: Path) -> Settings:
    """Read and check the ``pack.toml`` of ``folder``.

    Raises:
        UsageError: it is missing, too large, no TOML, or breaks a rule.
    """
    return parse_settings(_read(folder))


def parse_settings(data: bytes) -> Settings:
    """Check the bytes of a ``pack.toml``.

    Raises:
        UsageError: they are no TOML, or break a rule.
    """
    table = _parse(data)
    _check_keys(table, _PACK_KEYS, "")
    if "id" not in table:
        raise UsageError(
            "pack.toml has no id.",
            hint='Write a line such as: id = "gd/zhuhai/math-g5-pep-1"',
        )
    language = _language(table)
    wanted = _renditions(table, "")
    with own_folder():
        pack = parse_pack_id(_text(table, "id", MAX_WORD * 2))
    return Settings(
        id=pack,
        version=_version(table),
        language=language,
        words={key: _text(table, key, MAX_WORD) for key in WORDS if key in table},
        form=_form(table),
        valid_until=_date(table, ""),
        renditions=USUAL if wanted is None else wanted,
        titles=_titles(table, "", language),
        items=_items(table, language),
    )


def titled(text: str, language: str) -> dict[str, str]:
    """Give the titles that one text makes, under the pack's language or the script's."""
    return {language or ("zh" if _HAN.search(text) else "en"): text}


def _read(folder: Path) -> bytes:
    if not folder.is_dir():
        raise UsageError("{folder} is not a folder.", folder=str(folder))
    try:
        data = _bytes_of(folder / FILE_NAME)
    except FileNotFoundError as error:
        raise UsageError(
            "{folder} has no pack.toml.",
            hint='Make that file with one line, such as: id = "gd/zhuhai/math-g5-pep-1"',
            folder=str(folder),
        ) from error
    except OSError as error:
        raise unreadable(FILE_NAME, error) from error
    if len(data) > MAX_BYTES:
        raise UsageError(
            "pack.toml is larger than {limit} KiB.",
            hint="Leave items out that need no title of their own: they are found by themselves.",
            limit=MAX_BYTES // 1024,
        )
    return data


def _bytes_of(file: Path) -> bytes:
    # Never waiting on a pipe.
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(
            "pack.toml is a folder, pipe or device.", hint="Put a text file in its place."
        )
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(MAX_BYTES + 1)


def _check_lines(data: bytes) -> None:
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > MAX_LINE:
            raise UsageError(
                "Line {number} of pack.toml is longer than {limit} bytes.",
                hint="Write lists and tables over several lines.",
                number=number,
                limit=MAX_LINE,
            )


def _parse(data: bytes) -> dict[str, Any]:
    _check_lines(data)
    try:
        # Windows editors put a byte order mark first.
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(
            "pack.toml is not UTF-8 text: byte {position} is wrong.",
            hint="Save it again as UTF-8 in your editor.",
            position=error.start + 1,
        ) from error
    except ValueError as error:
        raise UsageError(
            "pack.toml is no valid TOML: {reason}.",
            hint='Texts stand in double quotes, as in: subject = "math"',
            reason=str(error),
        ) from error
    except RecursionError as error:
        raise UsageError("pack.toml is nested too deeply.") from error


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1)
        raise UsageError(
            "pack.toml has an unknown key: {key}.",
            hint="Did you mean {near}?" if near else "Known keys here: {known}.",
            key=place + key[:MAX_WORD],
            near=near[0] if near else "",
            known=", ".join(known),
        )


def _wrong(key: str, wanted: str, value: object) -> UsageError:
    is_number = type(value) is int and abs(value) <= MAX_VERSION
    shown = f'{key.rpartition(".")[2]} = "{value}"' if is_number else ""
    return UsageError(
        "{key} in pack.toml must be {wanted}, but is {found}.",
        hint="Write it in quotes: {shown}" if is_number and wanted == _TYPES[str] else "",
        key=key,
        wanted=wanted,
        found=_TYPES.get(type(value), type(value).__name__),
        shown=shown,
    )


def _text(table: Mapping[str, Any], key: str, limit: int, place: str = "") -> str:
    value = table[key]
    name = place + key[:MAX_WORD]
    if not isinstance(value, str):
        raise _wrong(name, _TYPES[str], value)
    if not value.strip():
        raise UsageError("{key} in pack.toml is empty.", key=name)
    if len(value) > limit:
        raise UsageError(
            "{key} in pack.toml is longer than {limit} characters.", key=name, limit=limit
        )
    if _CONTROL.search(value):
        raise UsageError("{key} in pack.toml has a line break or control character.", key=name)
    return value.strip()


def _version(table: Mapping[str, Any]) -> int | None:
    value = table.get("version")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(
            "version in pack.toml must be a whole number, but is {found}.",
            hint="Write for example: version = 2",
            found=_TYPES.get(type(value), type(value).__name__),
        )
    if not 1 <= value <= MAX_VERSION:
        raise UsageError(
            "version in pack.toml is {value}; versions go from 1 to {limit}.",
            value=value if abs(value) <= MAX_VERSION else "too large",
            limit=MAX_VERSION,
        )
    return value


def _language(table: Mapping[str, Any]) -> str:
    if "language" not in table:
        return ""
    value = _text(table, "language", MAX_WORD)
    if not _LANGUAGE.match(value):
        raise UsageError(
            "language in pack.toml is {value}, which is not a language tag.",
            hint="Write for example zh, en, bo, ug or mn.",
            value=repr(value),
        )
    return value


def _form(table: Mapping[str, Any]) -> str:
    if "form" not in table:
        return ""
    text = _text(table, "form", MAX_WORD)
    try:
        return read_form(text)
    except UsageError as error:
        raise UsageError(
            "form in pack.toml is {text}, which is not a form of teaching.",
            hint=error.hint_template,
            **error.fields,
        ) from error


def _date(table: Mapping[str, Any], place: str) -> str | None:
    value = table.get("valid_until")
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    name = f"{place}valid_until"
    if not isinstance(value, str):
        raise _wrong(name, _TYPES[date], value)
    try:
        if len(value) == len("2027-07-01"):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise UsageError(
        "{key} in pack.toml is {value}, not a date.",
        hint="Write dates as year-month-day, such as 2027-07-01.",
        key=name,
        value=repr(value[:40]),
    )


def _renditions(table: Mapping[str, Any], place: str) -> tuple[str, ...] | None:
    if "renditions" not in table:
        return None
    return read_wanted(table["renditions"], f"{place}renditions")


def _titles(table: Mapping[str, Any], place: str, language: str) -> dict[str, str]:
    value = table.get("title")
    if value is None:
        return {}
    if isinstance(value, str):
        return titled(_text(table, "title", MAX_TITLE, place), language)
    if not isinstance(value, dict):
        raise _wrong(f"{place}title", "a text or a table", value)
    for key in value:
        if not _LANGUAGE.match(key):
            raise UsageError(
                "{key} in pack.toml is not a language tag.",
                hint='Titles are written as: zh = "…", en = "…"',
                key=f"{place}title.{key[:MAX_WORD]}",
            )
    return {key: _text(value, key, MAX_TITLE, f"{place}title.") for key in value}


def _items(table: Mapping[str, Any], language: str) -> tuple[ListedItem, ...]:
    value = table.get("item", [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UsageError(
            "item in pack.toml must be written as [[item]], with two brackets.",
            hint='Write [[item]] on a line of its own, and below it: path = "01.mp4"',
        )
    if len(value) > MAX_FILES:
        raise UsageError("pack.toml lists too many items.")
    items = [_item(one, f"item {number}: ", language) for number, one in enumerate(value, 1)]
    seen: set[str] = set()
    for item in items:
        if item.path in seen:
            raise UsageError("pack.toml lists {path} twice.", path=item.path)
        seen.add(item.path)
    return tuple(items)


def _item(table: Mapping[str, Any], place: str, language: str) -> ListedItem:
    _check_keys(table, _ITEM_KEYS, place)
    if "path" not in table:
        raise UsageError(
            "{place} in pack.toml has no path.",
            hint='Write below [[item]]: path = "01.mp4"',
            place=place.rstrip(": "),
        )
    path = _text(table, "path", MAX_FILES, place).removesuffix("/")
    with own_folder():
        check_path(path)
    wanted = _renditions(table, place)
    return ListedItem(path, _titles(table, place, language), _date(table, place), wanted)
