"""What pages say of the agent's forecast, and that an old one is not believed."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from cache.agent_db import AgentDatabase
from cache.forecast_file import write_forecast
from cache.state import StateDirectory
from core import pins
from core.plan.forecast import GOOD_SECONDS, Arrival, Forecast
from core.plan.model import Hold, LessonForecast, Reason, Remedy, State
from core.timetable import Slot
from edge_client.portal import prospects
from edge_client.portal.languages import load_languages
from edge_client.portal.teaching.presence import Presence
from tests.support.clock import FixedClock
from tests.support.course import PACK, make_course
from tests.support.portal import School, serving
from tests.support.teaching import add_teacher, channel, sign_in, slot, write_timetable

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LANGUAGES = load_languages()
LATER: Slot = slot(NOW + 16 * HOUR, item="later")
HERE: Slot = slot(NOW + 17 * HOUR)
SOON: Slot = slot(NOW, item="later")


@pytest.fixture(autouse=True)
def quick_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "_COST", 2)


@pytest.fixture
async def school(state: StateDirectory, video: bytes, picture: bytes) -> AsyncIterator[School]:
    make_course(state.root, video, picture)
    add_teacher(state)
    write_timetable(state, channel("g5", [LATER, HERE]), channel("g6", [SOON]))
    async with serving(state, {}, clock=FixedClock()) as one:
        yield one


def forecast(one: Slot, state: State, reason: Reason = "", **more: object) -> LessonForecast:
    """Foresee a lesson."""
    return LessonForecast(
        channel="g5", start=one.start, minutes=40, pack=one.pack, item=one.item, state=state,
        reason=reason, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def tell(school: School, *lessons: LessonForecast, **more: object) -> None:
    """Let the agent foresee something."""
    usual: dict[str, object] = {
        "made": NOW.timestamp() - 60, "is_time_known": True, "day": "2026-11-25",
    }  # fmt: skip
    write_forecast(
        school.state.forecast,
        Forecast(lessons=list(lessons), **{**usual, **more}),  # type: ignore[arg-type]
    )


async def page(school: School, address: str, language: str = "en") -> str:
    answer = await school.client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (State, prospects.STATES),
        (Reason, prospects.REASONS),
        (Remedy, {**prospects.ASKED, **prospects.OWN}),
        (Hold, {**prospects.HOLDS, "done": ""}),
    ],
)
def test_every_code_has_words(kind: object, words: dict[str, str]) -> None:
    assert set(words) == set(get_args(kind)) - {""}


async def test_the_teachers_evening_begins_with_one_sentence_and_each_lesson_has_its_reason(
    school: School,
) -> None:
    tell(
        school,
        forecast(LATER, "risk", "line", remedies=["stick", "daytime"],
                 expected=(NOW + 15 * HOUR).timestamp()),
        forecast(HERE, "ready", is_here=True),
    )  # fmt: skip
    text = await page(school, "/teacher")

    assert '<p class="evening risk">Tomorrow: 1 of 2 lessons are ready, 1 at risk.</p>' in text
    assert "At risk: the line is down" in text
    assert "perhaps here from tomorrow 07:30 on" in text
    assert "Ask the technician: bring it on a stick; or open the line for some hours." in text
    assert text.count('class="prospect') == 1, "what is here needs no words"
    chinese = await page(school, "/teacher", "zh")
    assert "明天：2 节课中 1 节就绪，1 节有风险。" in chinese
    assert "请技术员用 U 盘带来；或者放开网络几个小时。" in chinese


async def test_what_a_teacher_can_do_is_one_tap_away(school: School) -> None:
    tell(school, forecast(LATER, "missing", "unassigned", remedies=["wish", "assign"]))
    await sign_in(school)
    text = await page(school, "/teacher")

    assert "Will not be here in time: nobody has assigned it to this school" in text
    assert "Wish for it. Ask your county or whoever made the timetable." in text
    assert "Fetch for tomorrow" in text


async def test_a_lower_quality_is_named_and_no_trouble(school: School) -> None:
    tell(school, forecast(LATER, "ready", "lower", rendition="240p", remedies=["daytime"],
                          expected=(NOW + 15 * HOUR).timestamp()))  # fmt: skip
    text = await page(school, "/teacher")

    assert ">here from tomorrow 07:30 on<" in text
    assert "Will be here in time, in 240p" in text
    assert "Tomorrow: the 1 lesson is here or comes in time." in text
    assert "Ask the technician" not in text


async def test_that_only_the_sound_will_be_here_is_said(school: School) -> None:
    tell(school, forecast(LATER, "ready", "lower", rendition="audio", sound_alone=True))

    assert "Will be here in time, only its sound" in await page(school, "/teacher")


async def test_what_is_at_risk_is_not_said_to_come_too_late(school: School) -> None:
    tell(school, forecast(LATER, "risk", "thin"))
    text = await page(school, "/teacher")

    assert "At risk: in time only if the line is no slower than usual" in text
    tell(school, forecast(LATER, "missing", "thin"))
    assert "Will not be here in time: the line is too slow" in await page(school, "/teacher")


@pytest.mark.parametrize(
    ("foreseen", "says"),
    [
        ({"rendition": "240p"}, "The pictures will be here in time"),
        (
            {"rendition": "audio", "sound_alone": True, "is_best": False, "reason": "lower"},
            "The pictures will not be here in time",
        ),
        ({"rendition": "audio", "sound_alone": True}, None),
    ],
)
async def test_of_a_lesson_with_only_its_sound_it_is_told_whether_pictures_come(
    school: School, foreseen: dict[str, Any], says: str | None
) -> None:
    tell(school, forecast(LATER, "ready", is_here=True, **foreseen))
    where = school.site, LANGUAGES["en"], "g5", LATER.start

    got = prospects.prospect(*where, Presence("sound"))
    assert (got and got.says) == says
    assert prospects.prospect(*where, Presence("withdrawn")) is None, "foreseen before it was"
    assert prospects.prospect(*where, Presence("here")) is None


@pytest.mark.parametrize("age", [GOOD_SECONDS + 1, -60.0])
async def test_an_old_forecast_or_one_of_the_future_is_not_told(school: School, age: float) -> None:
    tell(school, forecast(LATER, "risk", "line"), made=NOW.timestamp() - age)
    text = await page(school, "/teacher")

    assert "prospect" not in text
    assert "evening" not in text
    assert "not here; 12 kB to come" in text


async def test_a_damaged_forecast_is_none(school: School) -> None:
    tell(school, forecast(LATER, "risk", "line"))
    assert "At risk" in await page(school, "/teacher")
    school.state.forecast.unlink()
    school.state.forecast.write_bytes(b"{")

    assert "At risk" not in await page(school, "/teacher")


async def test_without_a_sure_time_nothing_is_promised(school: School) -> None:
    tell(school, forecast(LATER, "ready"))
    assert isinstance(school.site.clock, FixedClock)
    school.site.clock.set_wall(NOW, synchronised=False)

    assert "evening" not in await page(school, "/teacher")


async def test_a_lesson_that_is_not_here_has_its_hour(school: School) -> None:
    finish = (NOW + 2 * HOUR).timestamp()
    tell(school, arrivals=[Arrival(PACK, "later", finish, "hours")])
    text = await page(school, f"/packs/{PACK}/later")

    assert "It is expected here 18:30." in text
    assert "The node does not use the line at this hour." in text


async def test_what_another_node_brings_is_not_held_back_by_the_line(school: School) -> None:
    finish = (NOW + 2 * HOUR).timestamp()
    tell(school, arrivals=[Arrival(PACK, "later", finish, "peer")])
    text = await page(school, f"/packs/{PACK}/later")

    assert "It is expected here 18:30." in text
    assert "Another node of the school’s network is fetching it." in text


async def test_while_the_line_is_down_no_hour_is_promised(school: School) -> None:
    finish = (NOW + 2 * HOUR).timestamp()
    tell(school, arrivals=[Arrival(PACK, "later", finish, "line")])
    text = await page(school, f"/packs/{PACK}/later")

    assert "The line is down." in text
    assert "expected here" not in text


async def test_the_slate_says_when_its_lesson_comes(school: School) -> None:
    finish = (NOW + HOUR / 2).timestamp()
    school_facts(school, contact='{"answered": 1.0, "tried": 1.0, "problem": ""}')
    tell(school, arrivals=[Arrival(PACK, "later", finish)])
    words = await page(school, "/air/g6")
    assert "It is being fetched: 12 kB are still to come." in words
    assert "Expected 17:00." in words


async def test_the_slate_says_what_holds_its_lesson_back(school: School) -> None:
    school_facts(school, contact='{"answered": 1.0, "tried": 1.0, "problem": ""}')
    tell(school, arrivals=[Arrival(PACK, "later", None, "budget")])
    words = await page(school, "/air/g6")

    assert "This month’s data is used up: tell the technician." in words
    assert "Expected" not in words


def school_facts(school: School, **facts: str) -> None:
    """Remember facts as the agent's side does."""
    with AgentDatabase(school.state) as database:
        for name, text in facts.items():
            database.remember(name, text)


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_no_forecast_of_the_end_of_time_breaks_a_page(school: School, language: str) -> None:
    assert prospects.expected_words(school.site, LANGUAGES[language], 1e18) == ""
