"""School time, on machines whose clock nobody has set."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import UsageError
from core.school_time import Clocks, Memory, confirm, reach, school_time

FLOOR = datetime(2026, 11, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 25, 0, 28, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
DEAD = Clocks(
    wall=EPOCH, synchronised=False, hardware=None, monotonic=300.0, boot="b1", floor=FLOOR
)
SYNCHRONISED = replace(DEAD, wall=NOW, synchronised=True)
FRESH = Memory()


def later(clocks: Clocks, seconds: float, **changes: object) -> Clocks:
    """Let time pass."""
    moved = replace(
        clocks,
        wall=clocks.wall + timedelta(seconds=seconds),
        monotonic=clocks.monotonic + seconds,
    )
    return replace(moved, **changes)  # type: ignore[arg-type]


def test_a_synchronised_clock_is_school_time() -> None:
    found = school_time(FRESH, SYNCHRONISED)

    assert (found.moment, found.source, found.is_known) == (NOW, "clock", True)


def test_a_hardware_clock_vouches_for_the_systems() -> None:
    vouched = replace(DEAD, wall=NOW, hardware=NOW + timedelta(seconds=2))

    assert school_time(FRESH, vouched).is_known


@pytest.mark.parametrize("hardware", [EPOCH, NOW - timedelta(hours=8), None])
def test_a_dead_hardware_clock_vouches_for_nothing(hardware: datetime | None) -> None:
    found = school_time(FRESH, replace(DEAD, wall=NOW, hardware=hardware))

    assert (found.moment, found.source) == (NOW, "guess")


@pytest.mark.parametrize("wall", [EPOCH, datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_clock_of_1970_or_2099_is_not_even_a_guess(wall: datetime) -> None:
    found = school_time(FRESH, replace(DEAD, wall=wall, synchronised=True, hardware=wall))

    assert (found.moment, found.is_known) == (None, False)


def test_what_a_person_confirmed_runs_on_until_the_next_boot() -> None:
    memory = confirm(FRESH, DEAD, NOW)

    found = school_time(memory, later(DEAD, 3600, wall=EPOCH))
    assert (found.moment, found.source) == (NOW + timedelta(hours=1), "person")

    memory = reach(memory, found, later(DEAD, 3600))
    rebooted = later(DEAD, 0, boot="b2", monotonic=10.0)
    found = school_time(memory, rebooted)
    assert (found.moment, found.source) == (NOW + timedelta(hours=1, seconds=10), "guess")
    assert not school_time(memory, replace(rebooted, boot="")).is_known


def test_a_guess_runs_on_through_any_number_of_boots_and_is_never_sure() -> None:
    memory, passed = confirm(FRESH, DEAD, NOW), 0
    for boot in ("b2", "b3", "b4"):
        for minute in (1, 30, 300):
            clocks = replace(DEAD, boot=boot, monotonic=minute * 60.0)
            found = school_time(memory, clocks)
            expected = NOW + timedelta(minutes=passed + minute)
            assert (found.moment, found.source) == (expected, "guess")
            memory = reach(memory, found, clocks)
        passed += 300
    # Only what was sure is what a sure clock is measured by.
    assert memory.reached == NOW.timestamp()
    assert school_time(memory, replace(SYNCHRONISED, boot="b5")).source == "clock"


@pytest.mark.parametrize(("kept", "now"), [("", "b2"), ("b1", ""), ("", "")])
def test_where_a_boot_has_no_name_a_guess_runs_on_no_further_than_is_certain(
    kept: str, now: str
) -> None:
    memory = Memory(guess=NOW.timestamp(), guess_boot=kept, guess_monotonic=100.0)

    for monotonic, passed in ((50.0, 0), (160.0, 60)):
        found = school_time(memory, replace(DEAD, boot=now, monotonic=monotonic))
        assert found.moment == NOW + timedelta(seconds=passed)


def test_what_an_older_packhorse_kept_runs_on_from_when_it_was_first_read() -> None:
    memory = Memory(reached=NOW.timestamp())
    assert school_time(memory, DEAD).moment == NOW
    memory = reach(memory, school_time(memory, DEAD), DEAD)

    assert school_time(memory, later(DEAD, 60)).moment == NOW + timedelta(minutes=1)


def test_a_sure_clock_that_is_a_little_behind_makes_time_stand_still() -> None:
    memory = confirm(FRESH, DEAD, NOW)
    behind = replace(SYNCHRONISED, wall=NOW - timedelta(minutes=4))

    assert school_time(memory, behind).moment == NOW
    caught_up = school_time(memory, later(behind, 300))
    assert (caught_up.moment, caught_up.source) == (NOW + timedelta(minutes=1), "clock")


def test_a_sure_clock_far_behind_is_doubted_until_a_person_confirms_it() -> None:
    mistaken = confirm(FRESH, DEAD, NOW + timedelta(days=30))
    memory = reach(FRESH, school_time(mistaken, DEAD), DEAD)
    synchronised = later(SYNCHRONISED, 0, boot="b2", monotonic=0.0)

    doubted = school_time(memory, synchronised)
    assert (doubted.moment, doubted.is_known) == (NOW + timedelta(days=30), False)

    memory = confirm(memory, synchronised, NOW)
    assert (school_time(memory, synchronised).moment) == NOW
    assert school_time(memory, synchronised).is_known


def test_seconds_are_kept_when_a_person_confirms_what_the_screen_shows() -> None:
    first = confirm(FRESH, DEAD, NOW)
    shown = NOW + timedelta(seconds=50)

    again = confirm(first, later(DEAD, 50), NOW + timedelta(seconds=30))

    assert again.confirmed == shown.timestamp()


@pytest.mark.parametrize("said", [FLOOR - timedelta(days=1), FLOOR + timedelta(days=4000)])
def test_a_time_that_cannot_be_is_refused(said: datetime) -> None:
    with pytest.raises(UsageError, match="It cannot be"):
        confirm(FRESH, DEAD, said)


def test_another_time_than_a_sure_clocks_is_refused() -> None:
    with pytest.raises(UsageError, match="is set by itself"):
        confirm(FRESH, SYNCHRONISED, NOW + timedelta(hours=8))


def test_only_what_is_sure_is_kept() -> None:
    clocks = replace(DEAD, wall=NOW)

    assert reach(FRESH, school_time(FRESH, clocks), clocks) == FRESH
    kept = reach(Memory(reached=1e10), school_time(FRESH, SYNCHRONISED), SYNCHRONISED)
    assert kept.reached == 1e10


def test_a_persons_mistake_is_not_believed_once_a_clock_is_sure() -> None:
    memory = confirm(FRESH, DEAD, NOW + timedelta(hours=6))

    found = school_time(memory, later(SYNCHRONISED, 60))

    assert (found.moment, found.is_known) == (NOW + timedelta(hours=6, seconds=60), False)
    assert school_time(confirm(memory, SYNCHRONISED, NOW), SYNCHRONISED).source == "clock"
