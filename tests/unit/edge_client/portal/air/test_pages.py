"""What the air classroom's pages say: in words, in both languages, by the clock."""

import asyncio
import dataclasses
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from cache import durable
from cache.agent_db import AgentDatabase
from cache.agent_reader import Contact
from cache.catalogue_reader import CatalogueRendition
from cache.journal_changes import KeptChange
from cache.journal_reader import JournalReader
from cache.journal_wishes import Wish
from cache.school_clock import FILE_NAME
from cache.state import StateDirectory
from core import pins, wish_list
from core.names import PackId
from core.school_time import Memory
from core.standing import FACT, Standing, encode_standing
from core.timetable import Change
from core.usage import decode_record
from edge_client.portal.lessons import Lessons
from tests.support.air import (
    NINE,
    PACK,
    MovedClock,
    add_lessons,
    clock_at,
    make_school,
    slot,
    timetable,
)
from tests.support.numbered import make_numbered_rendition
from tests.support.portal import School, serving
from tests.support.teaching import add_teacher, seal_of, sign_in

SHOWN = make_numbered_rendition(20.0, video=1, path="01.96p.mp4")
ABSENT = make_numbered_rendition(12.0, video=2, path="02.96p.mp4")
MISSING = frozenset({"02.96p.mp4"})


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    state = make_school(tmp_path / "state", {"a": [SHOWN], "b": [ABSENT]}, MISSING)
    timetable(state, slot(0, "a"), slot(10, "b", 40), slot(24 * 60, "a", repeat=True))
    return state


@asynccontextmanager
async def portal(state: StateDirectory, clock: MovedClock) -> AsyncIterator[School]:
    async with serving(state, {}, clock=clock) as school:
        await school.site.usage.secrets()
        await school.site.air.move()
        yield school


async def told(school: School, language: str = "en") -> dict[str, str]:
    await school.site.air.move()
    answer = await school.client.get("/air/g5.json", headers={"Accept-Language": language})
    found: dict[str, str] = answer.json()
    return {name: " ".join(str(value).split()) for name, value in found.items()}


async def test_a_lesson_that_is_on_has_its_times_and_what_follows(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(seconds=5))) as school:
        page = (await school.client.get("/air/g5")).text
        listed = (await school.client.get("/air/")).text
        found = await told(school)
    for text in (page, listed):
        assert "Lesson a" in text
        assert "09:00–09:01" in text
        assert "Not here yet" in text
    assert "First run" in page
    assert found["lesson"] == str({"pack": PACK, "item": "a", "version": 1})


async def test_over_the_slate_are_words_for_what_is_missing_and_what_comes(
    state: StateDirectory,
) -> None:
    clock = clock_at(NINE + timedelta(minutes=11))
    async with portal(state, clock) as school:
        words = (await told(school))["words"]
        assert "Lesson b is not here yet." in words
        assert "has no line so far: it comes with the next stick" in words
        assert "Next: Lesson a, tomorrow at 09:00." in words
        assert "《第 b 课》还没有到。" in (await told(school, "zh-CN"))["words"]
        add_lessons(state, {"a": [SHOWN], "b": [ABSENT]}, version=2)
        clock.shift.seconds += 60
        await told(school)
        assert "not here yet" not in (await told(school))["words"]


@pytest.mark.parametrize(
    ("contact", "unwanted", "expected"),
    [
        (Contact(answered=5.0, tried=5.0), [], "It is being fetched: "),
        (Contact(answered=5.0, tried=9.0, problem="no answer"), [], "The line is down"),
        (Contact(answered=5.0, tried=5.0), [PACK], "Nobody has assigned it to this school."),
        (Contact(), [PACK], "Nobody has assigned it to this school."),
    ],
)
async def test_the_slate_says_what_a_lesson_waits_for(
    state: StateDirectory, contact: Contact, unwanted: list[str], expected: str
) -> None:
    with AgentDatabase(state) as agent:
        agent.remember("contact", json.dumps(dataclasses.asdict(contact)))
        agent.remember(FACT, encode_standing(Standing(unwanted=unwanted)))
    async with portal(state, clock_at(NINE + timedelta(minutes=11))) as school:
        assert expected in (await told(school))["words"]


@pytest.mark.parametrize(
    ("contact", "wished", "unpublished", "expected"),
    [
        (Contact(), False, False, "has not heard of it yet"),
        (Contact(answered=5.0, tried=5.0), False, False, "Nobody has assigned it"),
        (Contact(answered=5.0, tried=5.0), True, False, "A teacher asked for it"),
        (Contact(answered=5.0, tried=5.0), True, True, "Nobody publishes it."),
    ],
)
async def test_the_slate_says_what_an_unknown_lesson_waits_for(
    state: StateDirectory, contact: Contact, wished: bool, unpublished: bool, expected: str
) -> None:
    timetable(state, slot(10, "unheard", 40))
    with AgentDatabase(state) as agent:
        agent.remember("contact", json.dumps(dataclasses.asdict(contact)))
        lost = [(PACK, "unheard")] if unpublished else []
        agent.remember(wish_list.FACT, wish_list.encode_unpublished(lost))
    async with portal(state, clock_at(NINE + timedelta(minutes=11))) as school:
        if wished:
            await school.site.wishes.keep(
                Wish(pack=PackId(PACK), item="unheard", wanted_by=None, teacher="王", at=1.0)
            )
        assert expected in (await told(school))["words"]


async def test_sound_alone_that_is_not_here_leads_to_the_pictures(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(seconds=5))) as school:
        answer = (await school.client.get("/air/g5.json?as=sound")).json()
        assert "Of Lesson a the sound alone is not here." in answer["words"]
        assert 'href="/air/g5"' in answer["words"]


async def test_fifty_pages_that_ask_are_answered_by_one_look(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    look = Lessons.renditions

    async def counted(self: Lessons, pack: str, item: str) -> list[CatalogueRendition]:
        looks.append(item)
        return await look(self, pack, item)

    async with portal(state, clock_at(NINE + timedelta(seconds=5))) as school:
        await told(school)
        monkeypatch.setattr(Lessons, "renditions", counted)
        chinese = {"Accept-Language": "zh-CN"}
        asked = (school.client.get("/air/g5.json", headers=chinese) for _ in range(50))
        answers = await asyncio.gather(*asked)
    assert {answer.json()["words"] for answer in answers} == {answers[0].json()["words"]}
    assert len(looks) < 10


async def test_of_the_slate_there_is_no_start(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(minutes=5))) as school:
        assert 'data-mode="live"' in (await school.client.get("/air/g5?as=start")).text


async def test_a_short_lesson_is_over_and_an_empty_day_says_so(state: StateDirectory) -> None:
    clock = clock_at(NINE + timedelta(seconds=45))
    async with portal(state, clock) as school:
        assert "Lesson a is over." in (await told(school))["words"]
        clock.shift.seconds += 120
        assert "Nothing is on now." in (await told(school))["words"]
        timetable(state)
        found = await told(school)
    assert "No more lessons are planned on this channel." in found["words"]
    assert "No lessons are on this channel today." in found["list"]


async def test_a_teachers_change_is_marked(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(minutes=5))) as school:
        start = slot(10, "b").start
        change = Change(channel="g5", start=start, kind="shift", to=start + 5)
        await school.site.timetable.change(KeptChange(change, "Wang", 0.0), start)
        found = await told(school)
    assert "Moved" in found["list"]
    assert "at 09:15" in found["words"]


async def test_without_the_time_a_teacher_is_asked_for_it(state: StateDirectory) -> None:
    clock = clock_at(NINE - timedelta(days=20_000))
    clock.shift.synchronised = False
    add_teacher(state)
    async with portal(state, clock) as school:
        for address in ("/air/", "/air/g5"):
            text = (await school.client.get(address)).text
            assert "does not know what time it is" in text
            assert 'href="/teacher/sign-in?back=' in text
            assert 'action="/teacher/time"' not in text


@pytest.mark.parametrize("reached", [0.0, NINE.timestamp()])
async def test_without_the_time_a_teacher_who_is_signed_in_answers_in_place(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch, reached: float
) -> None:
    monkeypatch.setattr(pins, "_COST", 2)
    clock = clock_at(NINE - timedelta(days=20_000))
    clock.shift.synchronised = False
    add_teacher(state)
    durable.write_file(state.root / FILE_NAME, msgspec.json.encode(Memory(reached=reached)))
    async with portal(state, clock) as school:
        await sign_in(school)
        page = (await school.client.get("/air/g5")).text
        assert page.count('action="/teacher/time"') == 1
        assert ("It is Wednesday 25 November 09:00, right?" in page) == bool(reached)
        fields = {"back": "/air/g5", "day": "2026-11-25", "time": "09:00"}
        if reached:
            asked = dict(re.findall(r'name="(local|asked)" value="([^"]*)"', page))
            fields = {"back": "/air/g5", **asked}
        form = {**seal_of(page), **fields}
        answer = await school.client.post(
            "/teacher/time", data=form, headers={"Origin": school.origin}
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/air/g5")
        await school.site.air.move()
        assert 'id="player"' in (await school.client.get("/air/g5")).text


async def test_a_school_without_channels_is_told_so(tmp_path: Path) -> None:
    state = make_school(tmp_path / "empty", {"a": [SHOWN]})
    async with portal(state, clock_at(NINE)) as school:
        assert "There are no channels yet." in (await school.client.get("/air/")).text
        assert (await school.client.get("/air")).headers["Location"] == "/air/"


async def test_what_was_watched_is_recorded_as_played(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(seconds=5))) as school:
        page = (await school.client.get("/air/g5")).text
        session = page.partition('data-session="')[2].partition('"')[0]
        token = page.partition('data-token="')[2].partition('"')[0]
        event = {"number": 0, "verb": "played", "pack": PACK, "item": "a", "version": 1}
        answer = await school.client.post(
            "/usage",
            json={"token": token, "session": session, "events": [event]},
            headers={"Origin": school.origin},
        )
        assert answer.status_code == 204
        reader = JournalReader(state.journal)
        rows = reader.unsent(reader.epochs()[-1].epoch, 0, 10)
        assert [decode_record(row.record).item for row in rows] == ["a"]
