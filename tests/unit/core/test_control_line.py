"""What the control socket passes on about plan and line."""

import msgspec
import pytest

from core import control
from core.control import Status
from core.control_calls import parse_call
from core.control_line import MOST_TOLD, OpenCall, PlanCall, SetLineCall, bounded
from core.errors import UsageError
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.plan.model import Action, LessonForecast, Plan


def _plan(actions: int, lessons: int = 0) -> Plan:
    return Plan(
        actions=[Action(kind="fetch", why="lesson", item=f"item-{n}") for n in range(actions)],
        lessons=[
            LessonForecast(channel="g5", start=n, minutes=40, pack="p", item="i")
            for n in range(lessons)
        ],
    )


def test_a_long_plan_is_told_in_part_and_says_so() -> None:
    told = bounded(_plan(50, 400), MOST_TOLD)
    assert [one.item for one in told.actions] == [f"item-{n}" for n in range(20)]
    assert (told.more, len(told.lessons)) == (30, 300)
    again = bounded(told, 5)
    assert (len(again.actions), again.more) == (5, 45)
    assert bounded(_plan(3), MOST_TOLD) == _plan(3)


def test_a_status_carries_plan_line_and_ledger() -> None:
    status = Status(
        plan=_plan(2, 1),
        line_settings=LineSettings(budget=2_000_000_000, quiet=("g5",)),
        ledger=Ledger(month="2026-11-01", used=5, reserved=6),
        line_rate=16_000.0,
    )
    line = control.encode_line(control.response(1, status))
    answer = control.decode_message(line)
    assert isinstance(answer, control.Response)
    assert control.decode_status(answer.result) == status


def test_a_status_of_an_agent_that_knows_no_plan_is_read() -> None:
    assert control.decode_status({"line": "up"}).plan is None


def test_what_is_not_given_is_not_set_and_no_budget_is_a_value() -> None:
    call = parse_call({"budget": None, "metered": True}, SetLineCall)
    assert call.budget is None
    assert call.week is msgspec.UNSET
    assert msgspec.to_builtins(call) == {"budget": None, "metered": True}


@pytest.mark.parametrize("text", ["yesterday", "2026-11-26", "2026-11-26T18:00:00", "\n"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    for kind, field in ((PlanCall, "at"), (OpenCall, "until")):
        with pytest.raises(UsageError):
            parse_call({field: text}, kind)


def test_the_line_is_not_opened_for_ever() -> None:
    with pytest.raises(UsageError):
        parse_call({"minutes": 7 * 24 * 60 + 1}, OpenCall)
