"""Saying what changed: at most a dozen lines of 80 cells, and all of it as data."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from core.display import cells, fit, one_line, title_in
from core.manifest import Item
from core.text import human_bytes
from packager.changes.comparing import KINDS, Change, Changes, Kind
from packager.changes.lessons import What, folder_of
from packager.texts import N_, texts_in

WIDTH: Final = 80
_MOST_LINES: Final = 10
_HEAD: Final = 7
_INDENT: Final = _HEAD + 4
_LONGEST: Final = 26
_WORDS: Final[Mapping[What, str]] = {
    "content": N_("content"),
    "subtitles": N_("subtitles"),
    "cues": N_("cues"),
    "folder": N_("folder"),
    "name": N_("file name"),
    "order": N_("place in the order"),
}
_HEADS: Final[Mapping[Kind, str]] = {
    "added": N_("added"),
    "changed": N_("changed"),
    "moved": N_("moved"),
    "removed": N_("removed"),
}
_COUNTED: Final[Mapping[Kind, str]] = {
    "added": N_("{count} added"),
    "changed": N_("{count} changed"),
    "moved": N_("{count} moved"),
    "removed": N_("{count} removed"),
}
# What is said of a whole pack, by the manifest's names.
_OF_PACK: Final[Mapping[str, str]] = {
    "format": N_("format"),
    "pack": N_("id"),
    "title": N_("title"),
    "language": N_("language"),
    "section": N_("section"),
    "stage": N_("stage"),
    "subject": N_("subject"),
    "edition": N_("edition"),
    "grade": N_("grade"),
    "volume": N_("volume"),
    "form": N_("form"),
    "valid_until": N_("valid until"),
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
        language: of titles and words.
    """
    texts = texts_in(language)
    if not previous:
        return [texts.gettext("first version of this pack")]
    rows = {kind: list(_ROWS[kind](found.of(kind), language)) for kind in KINDS}
    against = texts.gettext("against version {version}: {summary}")
    lines = [against.format(version=previous, summary=_summary(found, language))]
    for kind, most in _shares({kind: len(some) for kind, some in rows.items()}).items():
        lines += [_line(kind, row, language) for row in _cut(rows[kind], most, language)]
    if found.pack:
        names = texts.gettext(", ").join(
            texts.gettext(_OF_PACK.get(name, name)) for name in found.pack
        )
        lines.append("  " + texts.gettext("the pack itself: {names}").format(names=names))
    if found.files:
        files = texts.ngettext(
            "{count} file of no lesson", "{count} files of no lesson", found.files
        )
        lines.append("  " + files.format(count=found.files))
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


def _summary(found: Changes, language: str) -> str:
    _ = texts_in(language).gettext
    numbers = {kind: len(found.of(kind)) for kind in KINDS}
    words = [_(_COUNTED[kind]).format(count=count) for kind, count in numbers.items() if count]
    if not words:
        return _("no lesson differs")
    return _(", ").join([*words, _("{count} as before").format(count=len(found.unchanged))])


def _shares(wanted: Mapping[Kind, int]) -> dict[Kind, int]:
    """Divide the lines among the ways in which lessons changed, each being told."""
    shares = dict.fromkeys(wanted, 0)
    for _ in range(_MOST_LINES):
        lacking = [kind for kind in shares if shares[kind] < wanted[kind]]
        if lacking:
            shares[min(lacking, key=lambda kind: shares[kind])] += 1
    return shares


def _cut(rows: Sequence[_Row], most: int, language: str) -> list[_Row]:
    """Give as many rows as there may be, the last one counting what is left out."""
    if len(rows) <= most:
        return list(rows)
    kept, rest = rows[: most - 1], rows[most - 1 :]
    number, size = sum(row.lessons for row in rest), sum(row.size for row in rest)
    texts = texts_in(language)
    more = (
        texts.ngettext("and {count} more lesson", "and {count} more lessons", number)
        if kept
        else texts.ngettext("{count} lesson", "{count} lessons", number)
    )
    return [*kept, _Row(more.format(count=number), number, size)]


def _line(kind: Kind, row: _Row, language: str) -> str:
    head = fit(texts_in(language).gettext(_HEADS[kind]), _HEAD)
    size = human_bytes(row.size) if row.size else ""
    room = WIDTH - _INDENT - (len(size) + 2 if size else 0)
    text = fit(row.text, room) if size or cells(row.text) > room else row.text
    return f"  {head}  {text}  {size}".rstrip()


def _plain(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    return (_Row(title_of(one.item, language), 1, one.size) for one in changes)


def _changed(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    _ = texts_in(language).gettext
    for one in changes:
        words = _(", ").join(_said(one, what, language) for what in one.what)
        title = _short(title_of(one.item, language), 2 * _LONGEST)
        yield _Row(_("{title}: {words}").format(title=title, words=words), 1, one.size)


def _said(one: Change, what: What, language: str) -> str:
    """Say what of a lesson differs."""
    if one.was is None or one.now is None:
        raise AssertionError(one.kind)
    _ = texts_in(language).gettext
    if what == "title":
        was = title_of(one.was, language)
        # It may differ in another language alone.
        is_seen = was != title_of(one.now, language)
        return _("title (was {title})").format(title=_short(was)) if is_seen else _("title")
    if what == "renditions":
        names = " ".join(made.name for made in one.now.renditions)
        return _("renditions (now {names})").format(names=names or _("none"))
    if what == "valid_until":
        day = one.now.valid_until
        return _("valid until {day}").format(day=day) if day else _("no last day")
    return _(_WORDS[what])


def _moved(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    """Say which lessons moved, those together that moved together."""
    yield from _in_folders([one for one in changes if "folder" in one.what], language)
    yield from _in_order([one for one in changes if "order" in one.what], language)
    renamed = [one for one in changes if one.what == ("name",)]
    if renamed:
        words = texts_in(language).ngettext("file renamed", "files renamed", len(renamed))
        yield _together(renamed, words, language)


def _in_folders(changes: Sequence[Change], language: str) -> Iterator[_Row]:
    together: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in changes:
        if one.was and one.now:
            together[folder_of(one.was), folder_of(one.now)].append(one)
    for (old, new), some in together.items():
        words = texts_in(language).gettext("from {old} to {new}")
        where = words.format(old=_folder(old, language), new=_folder(new, language))
        yield _together(some, where, language)


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
        _ = texts_in(language).gettext
        place = (
            _("now after {title}").format(title=_short(title_of(behind, language)))
            if behind
            else _("now first")
        )
        yield _together(some, place, language)


def _together(changes: Sequence[Change], where: str, language: str) -> _Row:
    first, more = _short(title_of(changes[0].item, language)), len(changes) - 1
    _ = texts_in(language).gettext
    if more:
        first = _("{title} and {count} more").format(title=first, count=more)
    text = _("{title}: {words}").format(title=first, words=where)
    return _Row(text, len(changes), sum(one.size for one in changes))


def _folder(path: str, language: str) -> str:
    return _short(one_line(path)) if path else texts_in(language).gettext("the top folder")


def _short(text: str, most: int = _LONGEST) -> str:
    return fit(text, most) if cells(text) > most else text


_ROWS: Final[Mapping[Kind, Callable[[Sequence[Change], str], Iterable[_Row]]]] = {
    "added": _plain,
    "changed": _changed,
    "moved": _moved,
    "removed": _plain,
}
