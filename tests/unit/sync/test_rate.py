"""The rate cap holds over time, whatever the pieces are."""

import random

import pytest

from sync.rate import RateCap


@pytest.mark.parametrize("rate", [1000, 64_000, 10_000_000])
def test_the_cap_holds_over_time(rate: int) -> None:
    now = 0.0
    cap = RateCap(rate, lambda: now)
    chance = random.Random(rate)
    total = 0
    while total < 20 * rate:
        count = chance.randrange(1, 70_000)
        total += count
        now += cap.spend(count)
    burst = max(rate / 4, 8192)
    assert total - burst <= rate * now + 1
    assert now <= total / rate


def test_a_pause_does_not_save_up_more_than_a_burst() -> None:
    now = 0.0
    cap = RateCap(1000, lambda: now)
    now = 1000.0
    assert cap.spend(8192) == 0
    assert cap.spend(1000) == pytest.approx(1.0)
