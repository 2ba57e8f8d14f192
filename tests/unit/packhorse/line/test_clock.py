import pytest

from packhorse.line.clock import LineClock


def test_pieces_queue_behind_each_other() -> None:
    """Two pieces that come at once leave one after the other."""
    clock = LineClock(1_000)
    first = clock.reserve(500, now=10.0)
    assert clock.reserve(500, now=10.0) == pytest.approx(first + 0.5)


@pytest.mark.parametrize("rate", [1_000, 64_000, 6_000_000])
def test_idle_time_is_not_saved_up(rate: int) -> None:
    """However long the pause, 100 kB take the line their time, but for 8 KiB at most."""
    clock = LineClock(rate)
    clock.reserve(500, now=0.0)
    assert clock.reserve(100_000, now=1000.0) >= (100_000 - 8192) / rate - 1e-6


def test_waking_late_does_not_slow_the_line() -> None:
    """A sender that always wakes a little late still gets the rate."""
    clock = LineClock(64_000)
    now = 0.0
    for _ in range(1000):
        now += clock.reserve(3200, now) + 0.005
    assert now == pytest.approx(1000 * 3200 / 64_000, rel=0.01)


def test_long_run_rate_is_exact() -> None:
    """A sender that always waits its turn gets exactly the rate."""
    clock = LineClock(64_000)
    now = 0.0
    sent = 0
    while sent < 3_600_000:
        now += clock.reserve(clock.piece, now)
        sent += clock.piece
    assert now == pytest.approx(sent / 64_000, rel=0.001)


@pytest.mark.parametrize(
    ("rate", "piece"),
    [(125, 512), (64_000, 3_200), (1_000_000, 16_384), (None, 65_536)],
)
def test_piece_follows_the_rate_within_bounds(rate: int | None, piece: int) -> None:
    assert LineClock(rate).piece == piece


def test_without_a_rate_nothing_waits() -> None:
    assert LineClock(None).reserve(10**9, now=0.0) == 0
