"""The smoothed rate of a transfer."""

import pytest

from edge_client.agent.pace import Pace


def test_a_steady_line_gives_its_rate_and_the_time_left() -> None:
    pace = Pace()
    for second in range(20):
        pace.observe(float(second), second * 1000)

    assert pace.rate == pytest.approx(1000)
    assert pace.seconds_left(29_000) == pytest.approx(10.0)


def test_before_anything_has_come_the_time_left_is_unknown() -> None:
    pace = Pace()
    pace.observe(0.0, 0)

    assert pace.seconds_left(100) is None


def test_a_burst_moves_the_rate_only_a_little() -> None:
    pace = Pace()
    for second in range(20):
        pace.observe(float(second), second * 1000)
    pace.observe(20.0, 29_000)

    assert 1000 < pace.rate < 2500


def test_a_stall_lets_the_rate_fall() -> None:
    pace = Pace()
    pace.observe(0.0, 0)
    pace.observe(1.0, 1000)
    for second in range(2, 60):
        pace.observe(float(second), 1000)

    assert pace.rate < 50


def test_fewer_bytes_than_before_begin_anew() -> None:
    pace = Pace()
    pace.observe(0.0, 0)
    pace.observe(1.0, 1000)
    pace.observe(2.0, 10)

    assert pace.rate == 0.0


def test_events_in_quick_succession_do_not_make_a_rate() -> None:
    pace = Pace()
    pace.observe(0.0, 0)
    pace.observe(0.001, 500_000)

    assert pace.rate == 0.0
