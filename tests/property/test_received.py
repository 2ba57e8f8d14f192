"""Ranges of sequence numbers behave as sets of numbers do."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core import received

SPANS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), max_size=12)


def build(spans: list[tuple[int, int]]) -> tuple[list[received.Range], set[int]]:
    ranges: list[received.Range] = []
    model: set[int] = set()
    for first, more in spans:
        ranges = received.merged(ranges, first, first + more)
        model |= set(range(first, first + more + 1))
    return ranges, model


@given(SPANS)
def test_ranges_hold_exactly_the_numbers_added(spans: list[tuple[int, int]]) -> None:
    ranges, model = build(spans)
    assert list(received.numbers(ranges)) == sorted(model)
    assert received.count(ranges) == len(model)


@given(SPANS)
def test_ranges_are_sorted_and_apart(spans: list[tuple[int, int]]) -> None:
    ranges, _ = build(spans)
    assert all(low <= high for low, high in ranges)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))


@given(SPANS)
def test_the_contiguous_mark_is_the_last_before_the_first_missing(
    spans: list[tuple[int, int]],
) -> None:
    ranges, model = build(spans)
    mark = received.contiguous(ranges)
    assert set(range(1, mark + 1)) <= model
    assert mark + 1 not in model


@given(SPANS, st.integers(1, 60), st.integers(0, 20))
def test_common_is_what_has_come_of_a_span(
    spans: list[tuple[int, int]], first: int, more: int
) -> None:
    ranges, model = build(spans)
    found = set(received.numbers(received.common(ranges, first, first + more)))
    assert found == model & set(range(first, first + more + 1))


@given(SPANS)
def test_gaps_are_what_is_missing_below_the_highest(spans: list[tuple[int, int]]) -> None:
    ranges, model = build(spans)
    missing = set(received.numbers(received.gaps(ranges)))
    assert missing == set(range(1, max(model, default=0) + 1)) - model
