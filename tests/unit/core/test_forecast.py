"""What a plan says to whoever only shows it."""

import pytest

from core.errors import RefusedError
from core.plan.forecast import (
    GOOD_SECONDS,
    Arrival,
    Forecast,
    decode_forecast,
    encode_forecast,
    forecast_of,
)
from core.plan.model import Action, LessonForecast, Plan

NOW = 1_795_600_000.0
LESSON = LessonForecast(
    channel="g5", start=int(NOW) // 60, minutes=40, pack="gd/zhuhai/math", item="lesson-1",
    title={"zh": "分数"}, state="risk", reason="line", remedies=["stick", "wish"],
)  # fmt: skip


def fetch(item: str, finish: float | None, **fields: str) -> Action:
    """Fetch one step of an item."""
    return Action(
        kind="fetch", why="lesson", pack="gd/zhuhai/math", item=item, finish=finish,
        hold="line" if fields.get("hold") else "",
    )  # fmt: skip


def test_an_item_arrives_with_its_first_step() -> None:
    plan = Plan(
        made=NOW,
        day="2026-11-27",
        lessons=[LESSON],
        actions=[
            Action(kind="upload", why="statements", finish=NOW),
            Action(kind="list", why="list", pack="gd/zhuhai/math", finish=NOW + 1),
            fetch("lesson-1", NOW + 60),
            fetch("lesson-2", None, hold="line"),
            fetch("lesson-1", NOW + 600),
        ],
    )
    got = forecast_of(plan, 480)

    assert got.arrivals == [
        Arrival("gd/zhuhai/math", "lesson-1", NOW + 60),
        Arrival("gd/zhuhai/math", "lesson-2", None, "line"),
    ]
    assert (got.lessons, got.day, got.offset) == ([LESSON], "2026-11-27", 480)
    assert decode_forecast(encode_forecast(got)) == got


def test_a_very_long_plan_is_told_in_part_and_can_be_read() -> None:
    plan = Plan(
        made=NOW,
        lessons=[LESSON] * 5000,
        actions=[fetch(f"lesson-{number}", NOW) for number in range(5000)],
    )
    got = forecast_of(plan)

    assert got.arrivals[0].item == "lesson-0"
    assert decode_forecast(encode_forecast(got)) == got


@pytest.mark.parametrize(
    ("now", "good"),
    [(NOW, True), (NOW + GOOD_SECONDS - 1, True), (NOW + GOOD_SECONDS, False), (NOW - 1, False)],
)
def test_an_old_forecast_is_not_believed(now: float, good: bool) -> None:
    assert Forecast(made=NOW).is_good(now) is good


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"made": "x"}', b'{"arrivals": [["p", "i", 1.0, "nap"]]}']
)
def test_damage_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_forecast(data)
