from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cache.clock import Clock, boot_time
from tests.support.clock import START, FixedClock


@pytest.fixture(params=[Clock, FixedClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made = request.param()
    assert isinstance(made, Clock)
    return made


def test_wall_time_is_aware_and_in_utc(clock: Clock) -> None:
    assert clock.wall().utcoffset() == timedelta(0)


def test_monotonic_never_goes_back(clock: Clock) -> None:
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)
    assert readings[0] >= 0


def test_a_boot_has_one_name(clock: Clock) -> None:
    assert clock.boot_id() == clock.boot_id()
    assert len(clock.boot_id()) in {0, 36}


def test_synchronised_is_a_plain_answer(clock: Clock) -> None:
    assert clock.synchronised() in {True, False}


def test_boot_time_is_wall_time_less_monotonic() -> None:
    assert boot_time(FixedClock()) == START - timedelta(hours=1)


def test_the_boot_id_is_the_kernels() -> None:
    kernel = Path("/proc/sys/kernel/random/boot_id")
    assert Clock().boot_id() == kernel.read_text().strip()


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock()
    clock.advance(90)
    assert (clock.wall() - START, clock.monotonic()) == (timedelta(seconds=90), 3690.0)
    clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    assert (clock.wall().year, clock.monotonic(), clock.synchronised()) == (1970, 3690.0, False)
    before = clock.boot_id()
    clock.reboot()
    assert clock.boot_id() != before
    assert clock.monotonic() == 0
