from core.plan.model import Plan
from core.plan.planner import plan
from core.plan.situation import Wished
from tests.support.planning import HOUR, PACK, at, lesson, pack, situation, video

MB = 1_000_000
TOMORROW = 20.5


def items_of(made: Plan) -> list[str]:
    return [one.item for one in made.actions]


def rate_for(size: float, hours: float) -> float:
    """Give the rate at which so much comes in so many hours, with a little to spare."""
    return 1.1 * size / (hours * HOUR)


def test_a_wish_for_as_soon_as_possible_comes_first_where_lessons_stay_in_time() -> None:
    items = [video("taught", 40 * MB), video("wished", 40 * MB)]
    lessons = [lesson("taught", TOMORROW)]
    wishes = [Wished(PACK, "wished")]

    roomy = plan(situation([pack(items)], lessons, wishes=wishes, rate=rate_for(80 * MB, TOMORROW)))
    tight = plan(situation([pack(items)], lessons, wishes=wishes, rate=rate_for(60 * MB, TOMORROW)))

    assert items_of(roomy) == ["wished", "taught"]
    assert items_of(tight) == ["taught", "wished"]
    assert [one.why for one in tight.actions] == ["lesson", "wish"]


def test_a_wish_comes_before_lessons_that_are_late_anyway() -> None:
    items = [video("late", 90 * MB), video("wished", 40 * MB)]

    made = plan(
        situation(
            [pack(items)],
            [lesson("late", TOMORROW)],
            wishes=[Wished(PACK, "wished")],
            rate=rate_for(60 * MB, TOMORROW),
        )
    )

    assert items_of(made) == ["wished", "late"]


def test_a_wish_for_a_time_counts_as_a_lesson_at_it() -> None:
    items = [video("early", 40 * MB), video("wished", 30 * MB), video("large", 90 * MB)]
    lessons = [lesson("early", TOMORROW), lesson("large", TOMORROW + 1)]

    made = plan(
        situation(
            [pack(items)],
            lessons,
            wishes=[Wished(PACK, "wished", at(TOMORROW + 0.5))],
            rate=rate_for(75 * MB, TOMORROW),
        )
    )

    assert set(items_of(made)[:2]) == {"early", "wished"}
    assert {one.item: one.why for one in made.actions} == {
        "early": "lesson", "wished": "wish", "large": "late",
    }  # fmt: skip


def test_a_lesson_that_misses_its_first_time_is_brought_for_its_second() -> None:
    items = [video("twice", 90 * MB), video("bulk", MB)]
    lessons = [lesson("twice", 2), lesson("twice", TOMORROW)]

    made = plan(situation([pack(items)], lessons, rate=rate_for(100 * MB, TOMORROW)))

    first = made.actions[0]
    assert (first.item, first.why, first.deadline) == ("twice", "lesson", at(TOMORROW))
    assert [one.state for one in made.lessons] == ["missing", "ready"]


def test_where_nobody_is_sure_of_the_time_the_order_goes_by_the_best_guess() -> None:
    items = [video("bulk", MB), video("taught", 9 * MB)]

    made = plan(situation([pack(items)], [lesson("taught", TOMORROW)], is_time_known=False))

    assert items_of(made) == ["taught", "bulk"]
    assert [one.deadline for one in made.actions] == [None, None]
    assert made.lessons == []


def test_of_lessons_of_one_morning_the_small_one_is_brought_first() -> None:
    items = [video("large", 60 * MB), video("small", 9 * MB)]
    lessons = [lesson("large", TOMORROW), lesson("small", TOMORROW + 1)]

    made = plan(situation([pack(items)], lessons, rate=rate_for(90 * MB, TOMORROW)))

    assert items_of(made) == ["small", "large"]


def test_wishes_come_in_their_order() -> None:
    items = [video("one", 20 * MB), video("two", 10 * MB), video("taught", MB)]
    wishes = [Wished(PACK, "one"), Wished(PACK, "two")]

    made = plan(situation([pack(items)], [lesson("taught", TOMORROW)], wishes=wishes))

    assert items_of(made) == ["one", "two", "taught"]
