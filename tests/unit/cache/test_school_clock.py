"""The school's clock over a real file."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cache.school_clock import FILE_NAME, SchoolClock
from cache.state import StateDirectory
from core.errors import UsageError
from core.trusted_time import BUILD_DATE, parse_moment
from tests.support.clock import START, FixedClock

FLOOR = parse_moment(BUILD_DATE)


@pytest.fixture
def clock() -> FixedClock:
    made = FixedClock()
    made.set_wall(datetime.fromtimestamp(60, START.tzinfo), synchronised=False)
    return made


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path)


def test_a_confirmed_time_is_known_to_the_next_process(
    state: StateDirectory, clock: FixedClock
) -> None:
    school = SchoolClock(state, clock)
    assert school.local(FLOOR).text == ""

    school.confirm("2026-11-25T08:28", FLOOR)
    clock.advance(3600)

    for one in (school, SchoolClock(state, clock)):
        assert (one.local(FLOOR).text, one.local(FLOOR).known) == ("2026-11-25T09:28", True)


def test_after_a_power_cut_the_last_saved_minute_is_the_guess(
    state: StateDirectory, clock: FixedClock
) -> None:
    school = SchoolClock(state, clock)
    school.confirm("2026-11-25T08:28", FLOOR)
    clock.advance(600)
    school.save(FLOOR)
    clock.advance(600)
    clock.reboot()

    found = SchoolClock(state, clock).local(FLOOR)

    assert (found.text, found.known) == ("2026-11-25T08:38", False)
    for _ in range(2):
        again = SchoolClock(state, clock)
        clock.advance(3600)
        again.save(FLOOR)
        clock.reboot()
    found = SchoolClock(state, clock).local(FLOOR)
    assert (found.text, found.known) == ("2026-11-25T10:38", False)


def test_the_schools_own_zone_wins_over_the_machines(
    state: StateDirectory, clock: FixedClock
) -> None:
    clock.set_wall(START, synchronised=True)

    assert SchoolClock(state, clock).local(FLOOR).text == "2026-11-24T16:30"
    assert SchoolClock(state, clock, zone="Asia/Urumqi").local(FLOOR).text == "2026-11-24T14:30"
    school = SchoolClock(state, clock, zone="Asia/Urumqi")
    school.confirm("2026-11-24T14:30", FLOOR)
    assert school.now(FLOOR).moment == START


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "../../etc/passwd", "/etc/localtime"])
def test_a_zone_that_is_not_there_is_named(
    state: StateDirectory, clock: FixedClock, zone: str
) -> None:
    with pytest.raises(UsageError, match="no time zone"):
        SchoolClock(state, clock, zone=zone)


@pytest.mark.parametrize(
    "text", ["2026-02-30T08:00", "2026-11-25T24:00", "08:28", "0001-01-01T00:00"]
)
def test_what_is_no_time_is_refused(state: StateDirectory, clock: FixedClock, text: str) -> None:
    with pytest.raises(UsageError, match=r"not a date|cannot be"):
        SchoolClock(state, clock).confirm(text, FLOOR)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"reached": -1}', b'{"reached": 1e300}'])
def test_a_damaged_file_only_loses_the_confirmation(
    state: StateDirectory, clock: FixedClock, data: bytes
) -> None:
    (state.root / FILE_NAME).write_bytes(data)
    school = SchoolClock(state, clock)

    assert school.local(FLOOR).text == ""
    school.confirm("2026-11-25T08:28", FLOOR)
    assert school.now(FLOOR + timedelta()).is_known
