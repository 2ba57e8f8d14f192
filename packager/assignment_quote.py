"""What an assignment changes, in words and as data. Titles and names are made harmless."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from core.assigning import Wanted
from core.assignment import EVERYBODY
from core.display import cells, fit, one_line, title_in
from core.errors import RefusedError
from core.names import PackId
from core.release import Release
from core.text import counted, human_bytes
from core.wanted import Portion, wanted_digests
from packager.assigning import GroupChange, Repository

_TITLE_CELLS: Final = 32
_MOST_PACKS: Final = 30
_MOST_SCHOOLS: Final = 8


def assignment_data(changes: Sequence[GroupChange], repository: Repository) -> list[dict[str, Any]]:
    """Give the changes as data."""
    label = _Labels(repository)
    return [
        {
            "group": one.group,
            "schools": one.schools,
            "joined": one.joined,
            "left": one.left,
            "added": [label.data(pack, how) | _how(how) for pack, how in one.added.items()],
            "removed": [label.data(pack, Wanted()) for pack in one.removed],
            "changed": [
                label.data(pack, how) | {"before": _how(was), "after": _how(how)}
                for pack, (was, how) in one.changed.items()
            ],
        }
        for one in changes
    ]


def assignment_lines(changes: Sequence[GroupChange], repository: Repository) -> list[str]:
    """Give the changes in words."""
    label = _Labels(repository)
    lines: list[str] = []
    for one in changes:
        lines.append(_head(one))
        rows = [("+", pack, how, _words(how)) for pack, how in one.added.items()]
        rows += [
            ("-", pack, Wanted(), "stays where it is, no longer updated") for pack in one.removed
        ]
        rows += [
            ("~", pack, how, f"{_words(was)} -> {_words(how)}")
            for pack, (was, how) in one.changed.items()
        ]
        lines += _table(
            [
                (sign, str(pack), label.title(pack), human_bytes(label.bytes(pack, how)), words)
                for sign, pack, how, words in rows
            ]
        )
        if one.added:
            total = sum(label.bytes(pack, how) for pack, how in one.added.items())
            lines.append(f"    at most {human_bytes(total)} to fetch for each school")
    return lines


class _Labels:
    """Titles and sizes, each release and manifest read once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._releases: dict[PackId, Release | None] = {}
        self._sizes: dict[tuple[PackId, tuple[str, ...]], int] = {}

    def title(self, pack: PackId) -> str:
        release = self._release(pack)
        return title_in(release.title if release else {}, "en", pack)

    def bytes(self, pack: PackId, how: Wanted) -> int:
        """Give the bytes of what is wanted of a pack."""
        key = (pack, how.renditions)
        if key not in self._sizes:
            release = self._release(pack)
            self._sizes[key] = self._size(release, how) if release else 0
        return self._sizes[key]

    def data(self, pack: PackId, how: Wanted) -> dict[str, Any]:
        return {"pack": pack, "title": self.title(pack), "bytes": self.bytes(pack, how)}

    def _release(self, pack: PackId) -> Release | None:
        if pack not in self._releases:
            try:
                self._releases[pack] = self._repository.packs[pack]()
            except RefusedError:
                # One damaged release is the node's problem and its publisher's, not this table's.
                self._releases[pack] = None
        return self._releases[pack]

    def _size(self, release: Release, how: Wanted) -> int:
        if not how.renditions:
            return release.content_size
        try:
            manifest = self._repository.manifest_of(release)
        except RefusedError:
            return release.content_size
        return sum(wanted_digests(manifest, [], Portion(how.renditions)).values())


def _head(one: GroupChange) -> str:
    if one.group == EVERYBODY:
        return "every school:"
    parts = [f"group {one_line(one.group)}: {counted(one.schools, 'school')}"]
    parts += [
        f"{word} {_named(schools)}"
        for word, schools in (("new:", one.joined), ("no longer:", one.left))
        if schools
    ]
    return "; ".join(parts)


def _named(schools: Sequence[str]) -> str:
    names = ", ".join(one_line(one) for one in schools[:_MOST_SCHOOLS])
    more = len(schools) - _MOST_SCHOOLS
    return f"{names} and {more} more" if more > 0 else names


def _how(how: Wanted) -> dict[str, Any]:
    return {"priority": how.priority, "renditions": list(how.renditions)}


def _words(how: Wanted) -> str:
    return " ".join([f"priority {how.priority}", *how.renditions])


def _table(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    shown = rows[:_MOST_PACKS]
    widths = [
        min(_TITLE_CELLS if column == 2 else 200, max(map(cells, texts)))  # noqa: PLR2004 - titles
        for column, texts in enumerate(zip(*shown, strict=True))
    ]
    for row in shown:
        yield "  " + "  ".join(map(fit, row, widths)).rstrip()
    if more := len(rows) - len(shown):
        yield f"  and {counted(more, 'more pack')}"
