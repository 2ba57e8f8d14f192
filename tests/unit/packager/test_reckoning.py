"""Progress rises as time passes, and always to all that there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.reckoning import Reckoning, compressing, referring

MB = 1_000_000


class Told:
    """Hears of progress."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self, count: int) -> None:
        self.steps.append(count)

    @property
    def share(self) -> float:
        return sum(self.steps) / (100 * MB)


def test_what_is_encoded_counts_for_more_than_what_is_stored() -> None:
    told = Told()
    reckoning = Reckoning(told, 100 * MB, referring(2))
    reckoning.expect(stored=90 * MB, encoded=10 * MB)
    for _ in range(9):
        reckoning.stored(10 * MB)
    assert told.share < 0.15
    reckoning.encoded(10 * MB)
    assert told.share == 1


def test_what_was_thought_to_be_stored_may_be_encoded() -> None:
    told = Told()
    reckoning = Reckoning(told, 100 * MB, referring(2))
    reckoning.expect(stored=100 * MB)
    for number in range(1, 11):
        reckoning.encoded(10 * MB)
        # What is left will then be, too.
        assert told.share == pytest.approx(number / 10)


def test_of_what_was_thought_to_be_stored_half_may_be_encoded() -> None:
    told = Told()
    reckoning = Reckoning(told, 100 * MB, referring(2))
    reckoning.expect(old=MB, stored=100 * MB)
    reckoning.looked(MB)
    for number in range(1, 6):
        reckoning.stored(10 * MB)
        reckoning.encoded(10 * MB)
        assert told.share == pytest.approx(number / 5, abs=0.01)


def test_higher_levels_take_longer() -> None:
    assert compressing(1, 1) < compressing(9, 1) < compressing(19, 2) < compressing(19, 1)
    assert referring(1) == 2 * referring(2)


@given(
    old=st.lists(st.integers(0, 10 * MB), max_size=4),
    blocks=st.lists(st.tuples(st.integers(1, 10 * MB), st.booleans(), st.booleans()), max_size=9),
)
def test_it_only_rises_and_ends_with_all(
    old: list[int], blocks: list[tuple[int, bool, bool]]
) -> None:
    told = Told()
    total = sum(size for size, _, _ in blocks)
    reckoning = Reckoning(told, total, referring(2))
    stored = sum(size for size, thought, _ in blocks if thought)
    reckoning.expect(old=sum(old), stored=stored, encoded=total - stored)
    for size in old:
        reckoning.looked(size)
    for size, _, is_stored in blocks:
        (reckoning.stored if is_stored else reckoning.encoded)(size)
        assert sum(told.steps) <= total
    reckoning.end()
    assert sum(told.steps) == total
    assert all(step > 0 for step in told.steps)
