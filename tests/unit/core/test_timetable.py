import pytest

from core.assigning import channels_for
from core.assignment import Assignment, decode_assignment, encode_assignment
from core.errors import RefusedError
from core.names import PackId
from core.timetable import LATEST_MINUTE, Change, Channel, Slot, check_channels, effective

PACK = PackId("gd/zhuhai/math")


def slot(start: int, minutes: int = 40, item: str = "one") -> Slot:
    return Slot(start=start, minutes=minutes, pack=PACK, item=item)


DAY = Channel(id="g5", slots=[slot(100), slot(150, item="two"), slot(200, item="three")])


def change(start: int, kind: str, to: int = 0) -> Change:
    return Change(channel="g5", start=start, kind=kind, to=to)  # type: ignore[arg-type] # as given


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], [("one", 100), ("two", 150), ("three", 200)]),
        ([change(100, "shift", 300)], [("two", 150), ("three", 200), ("one", 300)]),
        ([change(150, "cancel")], [("one", 100), ("three", 200)]),
        ([change(100, "swap", 200)], [("three", 100), ("two", 150), ("one", 200)]),
        ([change(150, "cancel"), change(150, "shift", 160)], [("one", 100), ("two", 160),
                                                             ("three", 200)]),
        ([change(999, "cancel"), change(100, "swap", 999)], [("one", 100), ("two", 150),
                                                             ("three", 200)]),
    ],
)  # fmt: skip
def test_what_a_teacher_changed_lies_over_the_timetable(
    changes: list[Change], expected: list[tuple[str, int]]
) -> None:
    found = effective(DAY, changes)
    assert [(one.slot.item, one.slot.start) for one in found] == expected


def test_a_moved_lesson_keeps_the_name_that_its_publisher_gave_it() -> None:
    moved = effective(DAY, [change(100, "shift", 300)])[-1]
    assert (moved.published, moved.changed) == (100, "shift")


def test_another_channels_changes_do_not_count() -> None:
    other = Change(channel="g6", start=100, kind="cancel")
    assert len(effective(DAY, [other])) == 3


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ([Channel(id="g5", slots=[slot(100), slot(139)])], "overlap"),
        ([Channel(id="g5", slots=[slot(200), slot(100)])], "overlap"),
        ([Channel(id="Grade 5")], "name"),
        ([DAY, DAY], "same name"),
        ([Channel(id=f"c{number}") for number in range(101)], "too large"),
    ],
)
def test_a_timetable_that_cannot_be_is_refused(channels: list[Channel], said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        check_channels(channels)


def test_the_timetable_travels_with_the_assignment() -> None:
    one = Assignment(place="gd/zhuhai", channels=[DAY])
    assert decode_assignment(encode_assignment(one), "gd/zhuhai/@assignment") == one
    with pytest.raises(RefusedError, match="group"):
        encode_assignment(Assignment(place="gd/zhuhai", channels=[Channel(id="g5", group="a")]))


@pytest.mark.parametrize("start", [LATEST_MINUTE + 1, 2**32, -1])
def test_a_lesson_beyond_all_calendars_is_refused(start: int) -> None:
    beyond = Assignment(place="gd/zhuhai", channels=[Channel(id="g5", slots=[slot(start)])])
    with pytest.raises(RefusedError):
        decode_assignment(encode_assignment(beyond), "gd/zhuhai/@assignment")


def test_a_school_has_its_groups_channels_and_the_nearer_publishers() -> None:
    near = Channel(id="g5", title={"en": "near"})
    province = Assignment(
        place="gd/-",
        groups={"a": ["s1"], "b": ["s2"]},
        channels=[Channel(id="g5"), Channel(id="g6", group="a"), Channel(id="g7", group="b")],
    )
    county = Assignment(place="gd/zhuhai", channels=[near])
    other = Assignment(place="gd/shaoguan", channels=[Channel(id="g9")])
    found = channels_for([county, other, province], "s1", "gd/zhuhai")
    assert [one.id for one in found] == ["g5", "g6"]
    assert found[0].title == {"en": "near"}
