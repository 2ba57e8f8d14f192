"""Which lesson of an old version a lesson of a new one is.

An id comes from a path, so a lesson that was renamed, or went to another folder, has another one.
It is found by its content, else by a title that no other one has.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Final

from packager.changes.lessons import Lesson

_Key = Callable[[Lesson], Hashable]


def paired(before: Sequence[Lesson], after: Sequence[Lesson]) -> dict[int, int]:
    """Give for lessons of the new version which of the old one each was, by their numbers."""
    pairs: dict[int, int] = {}
    for key, is_alone in _WAYS:
        old = _by_key(before, key, set(pairs.values()))
        new = _by_key(after, key, pairs)
        for name, numbers in new.items():
            there = old.get(name, [])
            if not is_alone or len(numbers) == len(there) == 1:
                pairs.update(zip(numbers, there, strict=False))
    return pairs


def misplaced(numbers: Sequence[int]) -> set[int]:
    """Give the places of as few numbers as possible without which the others only rise.

    Args:
        numbers: each only once.
    """
    ends: list[int] = []
    lasts: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(lasts[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        lasts[length : length + 1] = [place]
    found = set(range(len(numbers)))
    place = lasts[-1] if lasts else -1
    while place >= 0:
        found.remove(place)
        place = before[place]
    return found


def _id(one: Lesson) -> Hashable:
    return one.item.id


def _title(one: Lesson) -> Hashable:
    return one.item.kind, tuple(sorted(one.item.title.items()))


def _content(one: Lesson) -> Hashable:
    return one.identity


def _both(one: Lesson) -> Hashable:
    return one.identity, _title(one)


# How lessons are recognised, the surest way first, and whether it must lead to one alone.
_WAYS: Final[Sequence[tuple[_Key, bool]]] = (
    (_id, True),
    (_both, False),
    (_content, False),
    (_title, True),
)


def _by_key(
    lessons: Sequence[Lesson], key: _Key, done: Collection[int]
) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(lessons):
        if number not in done:
            found[key(one)].append(number)
    return found
