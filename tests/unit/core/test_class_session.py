import pytest

from core.class_messages import Act
from core.class_session import (
    LONGEST,
    ClassSession,
    begin,
    counted,
    due,
    duration,
    ended,
    heads,
    measured,
    ordered,
    place,
    rebased,
    resumed,
    settled,
    view_of,
)
from core.errors import UsageError

CUES = (10_000, 30_000, 60_000)


def order(
    one: ClassSession, act: Act, value: int = 0, *, now: float, seen: int = 0
) -> ClassSession:
    return ordered(one, act, value, seen, now)


def started(now: float = 1000) -> ClassSession:
    return order(begin(90_000, CUES, now), "play", now=now)


def at_first_cue() -> ClassSession:
    return settled(started(), 20_000)


def test_it_waits_at_the_beginning() -> None:
    one = begin(90_000, CUES, 500)
    view = view_of(one, 99_999)
    assert (view.phase, view.position, view.cue, view.next_cue) == ("waiting", 0, -1, 0)
    assert due(one) is None


def test_a_cue_at_the_very_beginning_is_ahead_while_it_waits() -> None:
    one = begin(90_000, (0, 10_000), 500)
    assert view_of(one, 600).next_cue == 0
    stopped = order(one, "next", now=700)
    assert (stopped.phase, stopped.position) == ("cue", 0)
    played = order(one, "play", now=700)
    assert (view_of(played, 700).cue, view_of(played, 700).next_cue) == (0, 1)


def test_a_length_that_was_not_known_is_where_it_stops() -> None:
    one = order(begin(0, CUES, 1000), "play", now=1000)
    one = measured(one, 45_000, 2000)
    assert (one.length, one.cues, due(one)) == (45_000, CUES[:2], 11_000)
    assert view_of(one, 2000).length == 45_000
    one = order(order(one, "seek", 40_000, now=3000), "pause", now=3500)
    over = settled(order(one, "play", now=4000), 60_000)
    assert (over.phase, over.position, over.furthest) == ("paused", 45_000, 45_000)


def test_a_length_that_comes_late_ends_it_there() -> None:
    one = order(begin(0, CUES, 1000), "seek", 70_000, now=1000)
    one = rebased(order(one, "play", now=2000), 12_000)
    over = measured(one, 45_000, 12_000)
    assert (over.phase, over.position, over.furthest) == ("paused", 45_000, 45_000)
    assert over.revision > one.revision
    assert view_of(over, 13_000).cue == -1


def test_a_stop_beyond_a_length_that_comes_late_is_none() -> None:
    one = order(begin(0, CUES, 1000), "seek", CUES[2], now=1000)
    over = measured(one, 45_000, 2000)
    assert (over.phase, over.position, over.reached) == ("paused", 45_000, ())
    at_its_end = measured(order(one, "seek", 30_000, now=1500), 30_000, 2000)
    assert (at_its_end.phase, at_its_end.position) == ("cue", 30_000)


def test_a_known_length_stays_whatever_is_told() -> None:
    one = started()
    assert measured(one, 5000, 2000) is one
    over = ended(begin(0, CUES, 1000), 2000)
    assert measured(over, 5000, 3000) is over


def test_it_plays_and_stops_exactly_at_the_cue() -> None:
    one = started()
    assert place(one, 6000) == 5000
    assert due(one) == 11_000
    assert settled(one, 10_999) is one
    stopped = settled(one, 11_700)
    assert (stopped.phase, stopped.position, stopped.stopped) == ("cue", 10_000, 11_000)
    assert stopped.revision == one.revision + 1


def test_play_goes_on_from_a_cue_without_stopping_there_again() -> None:
    one = order(at_first_cue(), "play", now=50_000)
    assert (one.phase, due(one)) == ("playing", 70_000)
    view = view_of(one, 50_100)
    assert (view.cue, view.next_cue) == (0, 1)


def test_a_jump_back_over_a_cue_lets_it_stop_again() -> None:
    one = order(at_first_cue(), "play", now=50_000)
    one = order(one, "back", 10_000, now=52_000)
    assert (one.phase, one.position, due(one)) == ("playing", 2000, 60_000)
    assert settled(one, 60_000).reached == (0,)


def test_back_stays_within_the_lesson() -> None:
    assert order(started(), "back", 10_000, now=3000).position == 0


def test_the_next_and_the_previous_cue_are_stops() -> None:
    one = order(started(), "next", now=2000)
    assert (one.phase, one.position, one.stopped) == ("cue", 10_000, 2000)
    one = order(one, "next", now=3000)
    assert (one.position, one.reached) == (30_000, (0, 1))
    one = order(one, "previous", now=4000)
    assert one.position == 10_000
    with pytest.raises(UsageError, match="no further cue"):
        order(one, "previous", now=5000)


def test_the_previous_cue_is_the_one_just_passed() -> None:
    one = order(at_first_cue(), "play", now=50_000)
    assert order(one, "previous", now=51_000).position == 10_000


def test_next_pressed_on_an_older_view_is_not_obeyed_twice() -> None:
    one = started()
    moved = order(one, "next", now=2000, seen=one.revision)
    with pytest.raises(UsageError, match="just moved"):
        order(moved, "next", now=2100, seen=one.revision)
    # Screens that came meanwhile make no difference.
    joined = counted(moved, 3)
    assert order(joined, "next", now=2200, seen=moved.revision).position == 30_000


def test_next_pressed_just_when_it_stopped_at_the_cue_stays_there() -> None:
    one = started()
    with pytest.raises(UsageError, match="just moved"):
        order(one, "next", now=11_000, seen=one.revision)


def test_at_the_end_it_stands_until_the_teacher_ends_it() -> None:
    one = order(order(started(), "seek", 80_000, now=1000), "pause", now=1001)
    one = settled(order(one, "play", now=2000), 90_000)
    view = view_of(one, 95_000)
    assert (view.phase, view.position, view.cue, view.next_cue) == ("paused", 90_000, -1, -1)
    assert one.furthest == 90_000
    with pytest.raises(UsageError, match="over"):
        order(one, "play", now=96_000)
    assert order(one, "back", 10_000, now=96_000).position == 80_000


def test_a_cue_at_the_end_is_a_stop_and_then_the_end() -> None:
    one = settled(order(begin(10_000, (10_000,), 0), "play", now=0), 10_000)
    assert (one.phase, one.reached) == ("cue", (0,))
    one = order(one, "play", now=11_000)
    assert (one.phase, view_of(one, 11_000).cue) == ("paused", -1)


def test_a_cue_at_the_beginning_is_where_it_waits() -> None:
    one = begin(10_000, (0, 5000), 0)
    assert view_of(one, 0).cue == 0
    one = order(one, "play", now=0)
    assert (one.reached, due(one)) == ((0,), 5000)


def test_cues_behind_the_end_do_not_count() -> None:
    assert begin(20_000, CUES, 0).cues == (10_000,)


def test_a_lesson_of_unknown_length_goes_on_to_the_longest() -> None:
    one = order(begin(0, (), 0), "play", now=0)
    assert place(one, 60_000) == 60_000
    assert due(one) == LONGEST


def test_the_rate_changes_what_time_makes_of_it() -> None:
    one = order(started(), "rate", 200, now=3000)
    assert (one.position, place(one, 4000), due(one)) == (2000, 4000, 7000)
    with pytest.raises(UsageError):
        order(one, "rate", 60, now=3000)


def test_a_change_of_rate_makes_no_order_stale() -> None:
    one = started()
    faster = order(one, "rate", 150, now=2000)
    assert order(faster, "next", now=2100, seen=one.revision).position == 10_000


@pytest.mark.parametrize(
    ("act", "words"), [("play", "playing already"), ("sound", "cannot be set")]
)
def test_what_cannot_be_obeyed_is_refused(act: Act, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        order(started(), act, now=2000)


def test_pausing_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="stopped already"):
        order(order(started(), "pause", now=2000), "pause", now=2001)


def test_an_ended_class_takes_no_orders() -> None:
    one = order(started(), "end", now=7000)
    assert (one.phase, one.position, one.furthest) == ("ended", 6000, 6000)
    with pytest.raises(UsageError, match="has ended"):
        order(one, "play", now=8000)


def test_heads_are_those_counted_else_those_connected() -> None:
    one = started()
    assert heads(one) == 1
    one = counted(counted(one, 31), 4)
    assert heads(one) == 31
    assert heads(order(one, "heads", 42, now=2000)) == 42
    with pytest.raises(UsageError):
        order(one, "heads", 10_001, now=2000)


def test_only_what_was_played_counts_as_furthest() -> None:
    one = order(started(), "seek", 80_000, now=3000)
    assert one.furthest == 2000
    assert order(one, "back", 80_000, now=4000).furthest == 81_000


def test_the_duration_runs_from_the_first_play() -> None:
    one = begin(90_000, CUES, 0)
    assert duration(one, 50_000) == 0
    one = order(one, "play", now=60_000)
    assert duration(ended(one, 65_000), 65_000) == 5000


def test_after_a_restart_in_the_same_boot_it_goes_on_by_the_clock() -> None:
    one = resumed(started(), 5000, same_boot=True)
    assert (one.phase, place(one, 5000)) == ("playing", 4000)
    later = resumed(started(), 500_000, same_boot=True)
    assert (later.phase, later.position, later.stopped) == ("cue", 10_000, 11_000)
    assert later.revision > started().revision + 100


def test_after_a_reboot_it_waits_at_the_place_that_was_saved() -> None:
    saved = rebased(started(), 9000)
    one = resumed(saved, 40, same_boot=False)
    assert (one.phase, one.position, one.stopped) == ("paused", 8000, 40)
    assert duration(one, 1040) == 8000 + 1000


@pytest.mark.parametrize("phase", ["waiting", "cue"])
def test_after_a_reboot_what_stood_stands(phase: str) -> None:
    one = begin(90_000, CUES, 5) if phase == "waiting" else at_first_cue()
    again = resumed(one, 0.5, same_boot=False)
    assert (again.phase, again.position) == (phase, one.position)


def test_a_boot_of_unknown_name_whose_clock_is_earlier_counts_as_another() -> None:
    assert resumed(started(9_000_000), 40, same_boot=True).phase == "paused"
