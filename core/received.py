"""Which sequence numbers have arrived: ranges that merge, and the contiguous mark.

A range is a pair (first, last), both included. A list of ranges is sorted, and between two of
them at least one number is missing.
"""

from collections.abc import Iterator, Sequence

Range = tuple[int, int]


def merged(ranges: Sequence[Range], first: int, last: int) -> list[Range]:
    """Give ``ranges`` with the numbers from ``first`` to ``last`` added."""
    before = [one for one in ranges if one[1] < first - 1]
    after = [one for one in ranges if one[0] > last + 1]
    touching = ranges[len(before) : len(ranges) - len(after)]
    if touching:
        first, last = min(first, touching[0][0]), max(last, touching[-1][1])
    return [*before, (first, last), *after]


def contiguous(ranges: Sequence[Range]) -> int:
    """Give the highest number up to which every number from 1 on has arrived; 0 for none."""
    return ranges[0][1] if ranges and ranges[0][0] == 1 else 0


def common(ranges: Sequence[Range], first: int, last: int) -> list[Range]:
    """Give the parts of ``first`` to ``last`` that have arrived already."""
    return [
        (max(low, first), min(high, last)) for low, high in ranges if low <= last and high >= first
    ]


def gaps(ranges: Sequence[Range]) -> list[Range]:
    """Give what is missing between 1 and the highest number that has arrived."""
    ends = [0, *(high for _, high in ranges)]
    return [
        (end + 1, low - 1) for end, (low, _) in zip(ends, ranges, strict=False) if low > end + 1
    ]


def count(ranges: Sequence[Range]) -> int:
    """Give how many numbers have arrived."""
    return sum(high - low + 1 for low, high in ranges)


def numbers(ranges: Sequence[Range]) -> Iterator[int]:
    """Give the numbers of ``ranges`` in ascending order."""
    for low, high in ranges:
        yield from range(low, high + 1)
