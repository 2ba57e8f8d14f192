"""Saying what changed: at most a dozen lines of 80 cells, and all of it as data."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from core.display import cells, fit, one_line, title_in
from core.manifest import Item
from core.text import counted, human_bytes
from packager.changes.comparing import KINDS, Change, Changes, Kind
from packager.changes.lessons import What, folder_of

WIDTH: Final = 80
_MOST_LINES: Final = 10
_INDENT: Final = 11
_LONGEST: Final = 26
_TOP: Final = "the top folder"
_WORDS: Final[Mapping[What, str]] = {
    "content": "content",
    "subtitles": "subtitles",
    "cues": "cues",
    "folder": "folder",
    "name": "file name",
    "order": "place in the order",
}


class _Row(NamedTuple):
    """A line: what it says, of how many lessons, and the bytes that they bring."""

    text: str
    lessons: int = 1
    size: int = 0


def change_lines(found: Changes, previous: int, language: str) -> list[str]:
    """Say what changed, in words.

    Args:
        found: what did.
        previous: the version before; 0 for none.
        language: of titles.
    """
    if not previous:
        return ["first version of this pack"]
    rows = {kind: list(_ROWS[kind](found.of(kind), language)) for kind in KINDS}
    lines = [f"against version {previous}: {_summary(found)}"]
    for kind, most in _shares({kind: len(some) for kind, some in rows.items()}).items():
        lines += [_line(kind, row) for row in _cut(rows[kind], most)]
    if found.pack:
        words = ", ".join(name.replace("_", " ") for name in found.pack)
        lines.append(f"  the pack itself: {words}")
    if found.files:
        lines.append(f"  {counted(found.files, 'file')} of no lesson")
    return lines


def change_data(found: Changes, language: str) -> dict[str, Any]:
    """Give the same as data: titles by how lessons changed, and each lesson by itself."""
    titles: dict[str, list[str]] = {
        kind: [title_of(one.item, language) for one in found.of(kind)] for kind in KINDS
    }
    return {
        **titles,
        "unchanged": len(found.unchanged),
        "pack": list(found.pack),
        "files": found.files,
        "lessons": [_lesson_data(one) for one in found.lessons],
    }


def title_of(item: Item, language: str) -> str:
    """Give an item's title, harmless."""
    return title_in(item.title, language, item.id)


def _lesson_data(one: Change) -> dict[str, Any]:
    was, now = one.was, one.now
    return {
        "change": one.kind,
        "what": list(one.what),
        "id": now.id if now else None,
        "was_id": was.id if was else None,
        "title": now.title if now else None,
        "was_title": was.title if was else None,
        "folder": folder_of(now) if now else None,
        "was_folder": folder_of(was) if was else None,
        "behind": one.behind.id if one.behind else None,
        "bytes": one.size,
    }


def _summary(found: Changes) -> str:
    numbers = [(len(found.of(kind)), kind) for kind in KINDS]
    words = [f"{number} {kind}" for number, kind in numbers if number]
    if not words:
        return "no lesson differs"
    return ", ".join([*words, f"{len(found.unchanged)} as before"])


def _shares(wanted: Mapping[Kind, int]) -> dict[Kind, int]:
    """Divide the lines among the ways in which lessons changed, each being told."""
    shares = dict.fromkeys(wanted, 0)
    for _ in range(_MOST_LINES):
        lacking = [kind for kind in shares if shares[kind] < wanted[kind]]
        if lacking:
            shares[min(lacking, key=lambda kind: shares[kind])] += 1
    return shares


def _cut(rows: Sequence[_Row], most: int) -> list[_Row]:
    """Give as many rows as there may be, the last one counting what is left out."""
    if len(rows) <= most:
        return list(rows)
    kept, rest = rows[: most - 1], rows[most - 1 :]
    number, size = sum(row.lessons for row in rest), sum(row.size for row in rest)
    more = counted(number, "more lesson") if kept else counted(number, "lesson")
    return [*kept, _Row(f"and {more}" if kept else more, number, size)]


def _line(kind: Kind, row: _Row) -> str:
    size = human_bytes(row.size) if row.size else ""
    room = WIDTH - _INDENT - (len(size) + 2 if size else 0)
    text = fit(row.text, room) if size or cells(row.text) > room else row.text
    return f"  {kind:<7}  {text}  {size}".rstrip()


def _plain(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    return (_Row(title_of(one.item, language), 1, one.size) for one in changes)


def _changed(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    for one in changes:
        words = ", ".join(_said(one, what, language) for what in one.what)
        title = _short(title_of(one.item, language), 2 * _LONGEST)
        yield _Row(f"{title}: {words}", 1, one.size)


def _said(one: Change, what: What, language: str) -> str:
    """Say what of a lesson differs."""
    if one.was is None or one.now is None:
        raise AssertionError(one.kind)
    if what == "title":
        was = title_of(one.was, language)
        # It may differ in another language alone.
        is_seen = was != title_of(one.now, language)
        return f"title (was {_short(was)})" if is_seen else "title"
    if what == "renditions":
        names = " ".join(made.name for made in one.now.renditions)
        return f"renditions (now {names or 'none'})"
    if what == "valid_until":
        return f"valid until {one.now.valid_until}" if one.now.valid_until else "no last day"
    return _WORDS[what]


def _moved(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    """Say which lessons moved, those together that moved together."""
    yield from _in_folders([one for one in changes if "folder" in one.what], language)
    yield from _in_order([one for one in changes if "order" in one.what], language)
    renamed = [one for one in changes if one.what == ("name",)]
    if renamed:
        yield _together(renamed, "file renamed" if len(renamed) == 1 else "files renamed", language)


def _in_folders(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    together: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in changes:
        if one.was and one.now:
            together[folder_of(one.was), folder_of(one.now)].append(one)
    for (old, new), some in together.items():
        yield _together(some, f"from {_folder(old)} to {_folder(new)}", language)


def _in_order(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    together: list[list[Change]] = []
    for one in changes:
        is_next = together and one.behind and one.behind.id == together[-1][-1].item.id
        if is_next:
            together[-1].append(one)
        else:
            together.append([one])
    for some in together:
        behind = some[0].behind
        place = f"now after {_short(title_of(behind, language))}" if behind else "now first"
        yield _together(some, place, language)


def _together(changes: Sequence[Change], where: str, language: str) -> _Row:
    first = _short(title_of(changes[0].item, language))
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return _Row(f"{first}{more}: {where}", len(changes), sum(one.size for one in changes))


def _folder(path: str) -> str:
    return _short(one_line(path)) if path else _TOP


def _short(text: str, most: int = _LONGEST) -> str:
    return fit(text, most) if cells(text) > most else text


_ROWS: Final[Mapping[Kind, Callable[[Sequence[Change], str], Iterable[_Row]]]] = {
    "added": _plain,
    "changed": _changed,
    "moved": _moved,
    "removed": _plain,
}
