import pytest

from core.class_room import Chosen, Room
from core.errors import UsageError


def test_the_first_big_screen_plays_the_sound() -> None:
    room = Room(Chosen())
    room.join("p", "pupil")
    assert room.sound == 0
    first, second = room.join("a", "screen"), room.join("b", "screen")
    assert room.sound == first.number
    room.leave(first)
    assert room.sound == second.number
    assert room.join("a", "screen").number == first.number
    assert room.sound == first.number


def test_the_screen_that_was_chosen_plays_it_while_it_is_there() -> None:
    room = Room(Chosen())
    first, second = room.join("a", "screen"), room.join("b", "screen")
    room.choose_sound(second.number)
    assert room.sound == second.number
    room.leave(second)
    assert room.sound == first.number
    # After a restart of the portal the same pages come back in another order.
    again = Room(room.chosen)
    again.join("a", "screen")
    chosen = again.join("b", "screen")
    assert again.sound == chosen.number
    again.choose_sound(0)
    assert again.sound == 1


def test_the_teachers_page_may_play_it_and_a_tablet_may_not() -> None:
    room = Room(Chosen())
    lead, tablet = room.join("l", "lead", "Li"), room.join("p", "pupil")
    room.choose_sound(lead.number)
    assert room.sound == lead.number
    with pytest.raises(UsageError):
        room.choose_sound(tablet.number)


def test_the_first_page_of_the_teacher_leads_and_no_other_does() -> None:
    room = Room(Chosen(teacher="Li"))
    other = room.join("o", "lead", "Wang")
    assert not room.chosen.lead
    own = room.join("l", "lead", "Li")
    assert room.lead is own
    room.join("m", "lead", "Li")
    assert room.lead is own
    room.take_over(other)
    assert room.lead is other
    with pytest.raises(UsageError):
        room.take_over(other)


def test_whoever_comes_first_leads_a_class_of_nobody() -> None:
    room = Room(Chosen())
    assert room.join("l", "lead", "Li") is room.lead


def test_the_lead_is_kept_over_a_restart() -> None:
    room = Room(Chosen(teacher="Li"))
    room.join("l", "lead", "Li")
    again = Room(room.chosen)
    assert again.join("x", "lead", "Wang") is not again.lead
    assert again.join("l", "lead", "Li") is again.lead


def test_a_page_that_was_replaced_takes_nobody_along() -> None:
    room = Room(Chosen())
    old = room.join("a", "pupil")
    new = room.join("a", "pupil")
    room.leave(old)
    assert (room.count("pupil"), len(room), new.number) == (1, 1, old.number)


def test_a_page_that_becomes_another_screen_leads_no_more() -> None:
    room = Room(Chosen(teacher="Li"))
    room.join("tab", "lead", "Li")
    room.choose_sound(room.join("tab", "lead", "Li").number)
    room.join("tab", "pupil")
    assert (room.lead, room.sound) == (None, 0)
    telephone = room.join("telephone", "lead", "Li")
    assert room.lead is telephone


def test_many_who_come_and_go_take_no_lead_away() -> None:
    room = Room(Chosen(teacher="Li"))
    lead = room.join("l", "lead", "Li")
    for number in range(5000):
        room.leave(room.join(f"key {number}", "pupil"))
    assert room.lead is lead


def test_screens_in_trouble_are_counted() -> None:
    room = Room(Chosen())
    for key, state in (("a", "blocked"), ("b", "failed"), ("c", "ready"), ("d", "loading")):
        room.join(key, "pupil").state = state
    assert room.troubled == 2


def test_what_is_remembered_of_pages_is_bounded() -> None:
    room = Room(Chosen())
    for number in range(5000):
        room.leave(room.join(f"key {number}", "pupil"))
    assert len(room._numbers) <= 2000  # noqa: SLF001 - what it holds is not seen otherwise
