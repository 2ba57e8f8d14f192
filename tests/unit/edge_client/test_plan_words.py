"""A plan and the line as the command line says them: every code has its words."""

from dataclasses import replace
from typing import get_args

import msgspec
import pytest

from core.control_line import LineReport
from core.line.estimate import Estimate
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.plan.model import (
    Action,
    Hold,
    LessonForecast,
    Plan,
    Quote,
    Reason,
    Remedy,
    State,
    Why,
)
from core.plan.planner import plan
from edge_client.line_words import line_facts
from edge_client.plan_words import (
    action_lines,
    held,
    hold_sentence,
    lesson_lines,
    quote_sentence,
    when,
)
from tests.support.planning import NOON, at, here, lesson, pack, situation, video

MB = 1_000_000


def _lesson(**more: object) -> LessonForecast:
    base: dict[str, object] = {"channel": "g5", "start": round(at(20.5) / 60), "minutes": 40}
    more = {"pack": "cn/-/math", "item": "fish", "title": {"en": "Fish"}, **more}
    return LessonForecast(**{**base, **more})  # type: ignore[arg-type]


def told(*lessons: LessonForecast) -> list[str]:
    return list(lesson_lines(Plan(made=NOON, lessons=list(lessons)), here))


def test_what_is_at_risk_is_not_said_to_come_too_late() -> None:
    thin, hours = (told(_lesson(state="risk", reason=why))[1] for why in ("thin", "hours"))
    assert thin.endswith("in time only if the line is no slower than usual")
    assert hours.endswith("hours until then suffice only if it is no slower than usual")
    assert told(_lesson(state="missing", reason="thin"))[1].endswith("the line is too slow for it")


def test_the_quote_says_bytes_time_of_the_line_end_disk_and_budget_in_one_sentence() -> None:
    found = situation(
        [pack([video("fish", 9 * MB, 3 * MB)])],
        settings=LineSettings(week=(100,) * 168, budget=100 * MB),
        usable=1000 * MB,
    )
    made = plan(found)
    assert quote_sentence(made, here) == (
        "13 MB by line, which takes 7 min of it; all is here by 12:07;"
        " then 988 MB of the disk and 87 MB of this month's budget are left."
    )


def test_without_even_a_guess_of_the_time_it_says_in_how_long() -> None:
    found = situation([pack([video("fish", 9 * MB)])], settings=LineSettings(week=(50,) * 168))
    made = plan(replace(found, now=0.0, is_time_known=False))
    assert "all is here in 10 min;" in quote_sentence(made, here)
    assert list(action_lines(made, here))[-1].split()[-3:-1] == ["10", "min"]


def test_while_the_line_is_down_the_quote_promises_no_hour() -> None:
    found = situation([pack([video("fish", 9 * MB)])])
    down = plan(replace(found, is_up=False, down_since=found.now))
    assert "when all of it is here cannot be said" in quote_sentence(down, here)


def test_a_quote_names_other_sources_and_what_makes_room() -> None:
    quote = Quote(
        line=0, by_source={"stick": 5 * MB, "hub": 0}, finish=NOON + 60, removed=["a", "b"]
    )
    made = Plan(made=NOON, actions=[Action(kind="fetch", why="assigned")], quote=quote)
    assert quote_sentence(made, here) == (
        "5.0 MB from a stick; all is here by 12:01;"
        " 2 packs that nobody assigns make room; then 0 B of the disk are left."
    )
    one = msgspec.structs.replace(quote, removed=["a"], finish=None)
    sentence = quote_sentence(msgspec.structs.replace(made, quote=one), here)
    assert "1 pack that nobody assigns makes room" in sentence
    assert "when all of it is here cannot be said" in sentence


def test_with_nothing_to_do_it_says_so() -> None:
    assert quote_sentence(plan(situation()), here).startswith(
        "All that this node knows to be wanted is here"
    )
    assert hold_sentence(plan(situation()), here) == ""


def test_a_hold_says_why_and_until_when() -> None:
    found = situation([pack([video("fish", 9 * MB)])], settings=LineSettings(week=((0,) * 168)))
    assert "no hour of the week" in hold_sentence(plan(found), here)
    night = LineSettings(week=((*(100,) * 7, *(0,) * 11, *(100,) * 6) * 7))
    found = replace(found, settings=night)
    assert hold_sentence(plan(found), here) == (
        "Nothing travels by line now: the line's hours allow nothing now, until 18:00."
    )


def test_lessons_say_how_they_stand_why_and_what_helps() -> None:
    lines = told(
        _lesson(is_here=True, rendition="720p"),
        _lesson(expected=at(9), rendition="240p", is_best=False, reason="lower"),
        _lesson(is_here=True, rendition="audio", sound_alone=True, is_best=False, reason="thin"),
        _lesson(state="missing", reason="line", remedies=["stick", "wish", "lower"]),
        _lesson(state="risk", expected=at(20), reason="hours", remedies=["daytime"]),
    )
    assert [line.split("Fish")[1].split(None, 1) for line in lines[1:3]] == [
        ["ready", "here: 720p"],
        [
            "ready",
            "here from 21:00; 240p when it is taught; lower than assigned, so as to be in time",
        ],
    ]
    assert "here: only its sound" in lines[3]
    assert lines[4].endswith(
        "missing  the line is down; helps: bring it on a stick or a teacher wishes for it on the"
        " teacher's page"
    )
    assert "at risk  perhaps from Fri 08:00; the line's hours until then suffice only" in lines[5]
    assert lines[1].startswith("Fri 08:30  g5")


def test_without_a_sure_time_it_says_how_to_confirm_it() -> None:
    lines = list(lesson_lines(Plan(made=NOON, is_time_known=False), here))
    assert lines[-1] == "  packhorse node time"


def test_actions_say_what_from_where_by_when_and_why() -> None:
    found = situation([pack([video("fish", 9 * MB, 3 * MB)])], [lesson("fish", 20.5)], backlog=600)
    lines = list(action_lines(plan(found), here))
    assert [line.split(None, 1)[0] for line in lines] == ["DO", "upload", "fetch", "fetch"]
    assert "usage records" in lines[1]
    assert "cn/-/math/fish 240p" in lines[2]
    assert lines[2].endswith("lesson Fri 08:30")
    assert "by 12:0" in lines[3]


def test_of_what_comes_by_a_line_that_is_down_no_hour_is_said() -> None:
    found = situation([pack([video("fish", 9 * MB)])], [lesson("fish", 20.5)])
    [_, line] = action_lines(plan(replace(found, is_up=False, down_since=NOON)), here)
    assert "not foreseen" in line
    assert line.endswith("waits: the line is down")


def test_a_long_plan_is_cut_and_says_how_much_is_left_out() -> None:
    actions = [Action(kind="fetch", why="assigned", pack="p", item=f"i{n}") for n in range(30)]
    lines = list(action_lines(Plan(made=NOON, actions=actions, more=7), here))
    assert (len(lines), lines[-1]) == (22, "... and 17 more")


def test_names_from_outside_are_harmless_on_a_terminal() -> None:
    evil = "\x1b[2J\u202eevil"
    lines = told(_lesson(channel=evil, title={"en": evil}))
    action = Action(kind="fetch", why="assigned", pack=evil, item=evil, source="peer", name=evil)
    lines += action_lines(Plan(made=NOON, actions=[action]), here)
    assert not any("\x1b" in line or "\u202e" in line for line in lines)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_state_and_reason_has_words(state: State, reason: Reason) -> None:
    [_, line] = told(_lesson(state=state, reason=reason, remedies=list(get_args(Remedy))))
    assert len(line.split("Fish")[1].split()) > 1 or not reason


def test_every_remedy_hold_and_reason_of_an_action_has_words() -> None:
    for remedy in get_args(Remedy):
        [_, line] = told(_lesson(state="missing", remedies=[remedy]))
        assert "helps: " in line
    for hold in get_args(Hold):
        assert bool(held(hold, None, NOON, here)) is bool(hold)
    for why in get_args(Why):
        made = Plan(made=NOON, actions=[Action(kind="fetch", why=why, pack="p")])
        assert len(list(action_lines(made, here))) == 2


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "12:00"), (11.5, "23:30"), (12, "Fri 00:00"), (6 * 24, "Wed 12:00"),
     (7 * 24, "2026-12-03 12:00"), (-24, "2026-11-25 12:00")],
)  # fmt: skip
def test_moments_are_as_short_as_is_clear(hours: float, text: str) -> None:
    assert when(at(hours), NOON, here) == text


def test_the_line_is_told_with_hours_budget_and_what_was_measured() -> None:
    report = LineReport(
        settings=LineSettings(budget=2_000 * MB, metered=True, quiet=("g5",), open_until=at(3)),
        ledger=Ledger(month="2026-11-05", used=500 * MB, reserved=MB),
        estimate=Estimate(samples=(16_000.0,) * 5, up=0.7, latency=0.62),
        renews="2026-12-05",
        left=1_499 * MB,
        share=0.2,
        now=NOON,
    )
    assert [f"{name} {value}" for name, value in line_facts(report, here)] == [
        "Line 20% of it may be taken now",
        "Hours Mon-Fri 00-07 100%, 07-18 20%, 18-24 100%",
        " Sat-Sun 00-24 100%",
        "Open all of the line until 2026-11-26 15:00",
        "Budget 501 MB of 2.0 GB used since 2026-11-05, 1.5 GB left; begins anew on 2026-12-05",
        "Metered on; only what lessons need travels",
        "Lower off",
        "Quiet during the lessons of g5",
        "Measured 128 kbit/s, there 70% of the time, 620 ms to answer",
    ]


def test_a_line_that_is_open_no_more_or_held_says_so() -> None:
    facts = dict(line_facts(LineReport(now=NOON, settings=LineSettings(open_until=at(-1))), here))
    assert "Open" not in facts
    assert (facts["Budget"], facts["Measured"]) == ("none; 0 B have travelled", "nothing yet")
    held_up = LineReport(now=NOON, hold="budget", until=at(24 * 9))
    assert dict(line_facts(held_up, here))["Line"] == (
        "nothing travels: this month's budget is used up, until 2026-12-05 12:00"
    )
