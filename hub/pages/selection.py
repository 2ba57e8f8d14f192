"""Which schools a page shows, and in which order: pure, from an address's query."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from core.fleet_warnings import KINDS, LEVELS
from hub.fleet import FleetEntry

PER_PAGE: Final = 200
ANY: Final = "any"
NONE: Final = "none"
_MOST_TEXT: Final = 100
_LAST_LEVEL: Final = len(LEVELS)
_CLOCKS: Final = ("verified", "confirmed", "unverified")


class Selection(NamedTuple):
    """What was asked for.

    Attributes:
        text: words that must all be found.
        group: of schools; empty for all.
        warning: a kind, a level, ``any`` or ``none``; empty for all.
        sort: a column of ``COLUMNS``.
        down: whether the greatest comes first.
        page: from 1.
    """

    text: str = ""
    group: str = ""
    warning: str = ""
    sort: str = "school"
    down: bool = False
    page: int = 1

    def query(self, **changes: object) -> dict[str, str]:
        """Give the address's query that asks for this, with some changes; without the usual."""
        one, usual = self._replace(**changes), Selection()  # type: ignore[arg-type]
        values = {
            "q": one.text,
            "group": one.group,
            "warning": one.warning,
            "sort": "" if one.sort == usual.sort else one.sort,
            "down": "1" if one.down else "",
            "page": "" if one.page == usual.page else str(one.page),
        }
        return {name: value for name, value in values.items() if value}


def _share(part: int, whole: int) -> float:
    return part / whole if whole > 0 else 1.0


def _lessons(one: FleetEntry) -> float:
    return _share(one.reported.here, one.reported.items) if one.reported else -1.0


def _evening(one: FleetEntry) -> tuple[int, int, int]:
    evening = one.reported.evening if one.reported else None
    if evening is None:
        return (-1, 0, 0)
    return (evening.missing, evening.risk, evening.ready)


def _disk(one: FleetEntry) -> float:
    return _share(one.reported.disk_free, one.reported.disk_total) if one.reported else -1.0


def _clock(one: FleetEntry) -> int:
    return _CLOCKS.index(one.reported.clock) if one.reported else -1


def _level(one: FleetEntry) -> tuple[int, int]:
    return (LEVELS.index(one.level) if one.level else _LAST_LEVEL, -len(one.warnings))


COLUMNS: Final[Mapping[str, Callable[[FleetEntry], object]]] = {
    "school": lambda one: (one.school_name or one.school).casefold(),
    "contact": lambda one: one.last_contact,
    "evening": _evening,
    "lessons": _lessons,
    "backlog": lambda one: one.reported.backlog if one.reported else -1,
    "disk": _disk,
    "clock": _clock,
    "warnings": _level,
}


def read_selection(query: Mapping[str, str]) -> Selection:
    """Read what an address asks for; what it cannot mean is left out."""
    sort, page = query.get("sort", ""), query.get("page", "")
    warning = query.get("warning", "")
    return Selection(
        text=query.get("q", "").strip()[:_MOST_TEXT],
        group=query.get("group", "")[:_MOST_TEXT],
        warning=warning if warning in {ANY, NONE, *LEVELS, *KINDS} else "",
        sort=sort if sort in COLUMNS else Selection().sort,
        down=query.get("down") == "1",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 else 1,  # noqa: PLR2004 - digits
    )


def select(entries: list[FleetEntry], wanted: Selection) -> list[FleetEntry]:
    """Give the schools that are asked for, in order, of all pages."""
    words = wanted.text.casefold().split()
    chosen = [
        one
        for one in entries
        if _has_warning(one, wanted.warning)
        and (not wanted.group or wanted.group in one.groups)
        and (not words or _has_words(one, words))
    ]
    # Those of one rank stay in the order of their schools.
    key: Callable[[FleetEntry], object] = COLUMNS[wanted.sort]
    return sorted(chosen, key=key, reverse=wanted.down)  # type: ignore[arg-type] # of one kind each


def _has_warning(one: FleetEntry, warning: str) -> bool:
    if not warning:
        return True
    if warning in {ANY, NONE}:
        return bool(one.warnings) == (warning == ANY)
    return any(warning in {warn.kind, warn.level} for warn in one.warnings)


def _has_words(one: FleetEntry, words: list[str]) -> bool:
    parts = (one.school, one.school_name, one.node, one.node_name, one.place, *one.groups)
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)
