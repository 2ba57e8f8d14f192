"""The teacher's day: what it shows, and what a signed-in teacher does there."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from cache.agent_db import AgentDatabase
from cache.journal_changes import changes
from cache.journal_reader import JournalReader
from cache.journal_wishes import wishes
from cache.state import StateDirectory
from core import pins
from core.timetable import Slot
from core.usage import Recorded, decode_record
from core.wish_list import FACT, encode_unpublished
from tests.support.clock import FixedClock
from tests.support.course import PACK, make_course
from tests.support.portal import School, browser, serving
from tests.support.teaching import (
    TEACHER,
    add_teacher,
    channel,
    post,
    remove_teacher,
    seal_of,
    sign_in,
    slot,
    write_timetable,
)

# Half past four in the afternoon in China; the fixed clock's moment.
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def quick_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "_COST", 2)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def lessons() -> dict[str, Slot]:
    return {
        "begun": slot(NOW - timedelta(minutes=10)),
        "next": slot(NOW + HOUR, title="Fractions again"),
        "page": slot(NOW + 2 * HOUR, item="page"),
        "later": slot(NOW + 48 * HOUR, item="later"),
        "unknown": slot(NOW + 49 * HOUR, item="nowhere"),
    }


@pytest.fixture
async def school(
    state: StateDirectory, video: bytes, picture: bytes, clock: FixedClock
) -> AsyncIterator[School]:
    make_course(state.root, video, picture)
    add_teacher(state)
    write_timetable(state, channel("g5", list(lessons().values())), channel("g6", []))
    async with serving(state, {}, clock=clock) as one:
        yield one


def start(name: str) -> str:
    return str(lessons()[name].start)


def told(school: School) -> list[Recorded]:
    reader = JournalReader(school.state.journal)
    return [
        decode_record(row.record)
        for epoch in reader.epochs()
        for row in reader.unsent(epoch.epoch, 0, 1000)
    ]


async def do(school: School, action: str, **fields: str) -> httpx.Response:
    return await post(school, f"/teacher/{action}", page="/teacher", client=None, **fields)


async def day(school: School, query: str = "") -> str:
    answer = await school.client.get(f"/teacher{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


async def test_everybody_sees_the_day_but_changes_nothing(school: School) -> None:
    text = await day(school)
    assert "Tuesday 24 November 16:30" in text
    assert re.search(r"today</span> <span>Tuesday 24 November", text)
    assert re.search(r"<strong>17:30</strong><span[^>]*>–18:10", text)
    assert "Fractions again" in text
    assert "A game of fractions" in text
    assert re.search(r"Thursday</span> <span>Thursday 26 November", text)
    assert text.count("<form") == 0
    assert "Sign in" in text
    assert text.count('class="mark now"') == 1


async def test_a_teacher_sees_what_can_be_done(school: School) -> None:
    await sign_in(school)
    text = await day(school)
    assert text.count("Start a class") == 2
    assert text.count("Fetch for Thursday") == 2
    assert "not here; 12 kB to come" in text
    assert "not at this school" in text
    # The lesson that has begun is not changed any more.
    assert text.count(">Change<") == 4
    assert TEACHER in text


async def test_the_channel_is_remembered(school: School) -> None:
    assert "There are no lessons in the next seven days." in await day(school, "?channel=g6")
    assert 'href="/teacher?channel=g6" aria-current="page"' in await day(school)
    assert 'href="/teacher?channel=g5" aria-current="page"' in await day(school, "?channel=g5")
    assert 'href="/teacher?channel=g5" aria-current="page"' in await day(school, "?channel=zz")


async def test_without_a_timetable_it_says_where_one_comes_from(school: School) -> None:
    school.state.timetable.unlink()
    assert "This school has no timetable yet." in await day(school)


async def test_a_lesson_is_moved_marked_told_and_moved_back(school: School) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next")}
    address = httpx.URL("/teacher/change/ask", params={**fields, "kind": "shift",
                        "day": "2026-11-25", "time": "09:00"})  # fmt: skip
    asked = await school.client.get(address)
    assert "“Fractions again” moves from today 17:30 to tomorrow 09:00." in asked.text
    assert told(school) == []
    to = re.search(r'name="to" value="(\d+)"', asked.text)
    assert to

    answer = await do(school, "change", **fields, kind="shift", to=to[1])
    assert answer.headers["Location"].startswith("/teacher?channel=g5&changed=")
    text = await day(school)
    assert f"Moved by {TEACHER}; published for today 17:30" in text
    assert text.index("A game of fractions") < text.index("Fractions again")
    (one,) = told(school)
    assert (one.verb, one.session, one.item, one.version) == ("shifted", "g5", "video", 1)
    assert (one.position, one.start) == (int(start("next")) * 60_000, int(to[1]) * 60_000)

    await do(school, "undo", **fields)
    assert "Moved by" not in await day(school)
    assert changes(school.state.journal) == []
    assert [one.verb for one in told(school)] == ["shifted", "restored"]
    assert told(school)[-1].start == told(school)[-1].position


async def test_lessons_are_swapped_and_both_are_marked(school: School) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next"), "kind": "swap", "to": start("page")}
    asked = await school.client.get(httpx.URL("/teacher/change/ask", params=fields))
    assert "“Fractions again” takes place today 18:30," in asked.text
    await do(school, "change", **fields)
    text = await day(school)
    assert text.count(f"Swapped by {TEACHER}") == 2
    assert text.index("A game of fractions") < text.index("Fractions again")
    to, back = (int(start(name)) * 60_000 for name in ("page", "next"))
    swapped = [(one.verb, one.item, one.position, one.start) for one in told(school)]
    assert swapped == [("swapped", "video", back, to), ("swapped", "page", to, back)]
    # It is undone from the other lesson, too.
    await do(school, "undo", channel="g5", start=start("page"))
    assert "Swapped by" not in await day(school)
    restored = {(one.verb, one.item, one.position, one.start) for one in told(school)[2:]}
    assert restored == {("restored", "video", back, back), ("restored", "page", to, to)}


async def test_a_lesson_is_cancelled_and_stays_in_sight(school: School) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next"), "kind": "cancel"}
    asked = await school.client.get(httpx.URL("/teacher/change/ask", params=fields))
    assert "does not take place" in asked.text
    await do(school, "change", **fields)
    text = await day(school)
    assert f"Cancelled by {TEACHER}" in text
    assert "Fractions again" in text
    (one,) = told(school)
    assert (one.verb, one.start) == ("cancelled", -1)
    placed = school.site.timetable.placed("g5")
    assert lessons()["next"].start not in [one.published for one in placed]


async def test_an_overlap_is_said_before_it_is_made(school: School) -> None:
    await sign_in(school)
    params = {"channel": "g5", "start": start("next"), "kind": "shift", "day": "2026-11-24",
              "time": "18:20"}  # fmt: skip
    asked = await school.client.get(httpx.URL("/teacher/change/ask", params=params))
    assert "“Fractions again” then overlaps “A game of fractions”, today 18:30" in asked.text


IMPOSSIBLE: list[tuple[str, dict[str, str], str]] = [
    ("begun", {"kind": "cancel"}, "This lesson has begun"),
    ("next", {"kind": "shift", "to": "5"}, "That time has passed."),
    ("next", {"kind": "shift", "to": "4000000000"}, "more than two months"),
    ("next", {"kind": "shift", "day": "tomorrow", "time": "8"}, "is not a date and a time"),
    ("next", {"kind": "swap", "to": "7"}, "cannot be swapped"),
]


async def test_what_cannot_be_changed_is_said(school: School) -> None:
    await sign_in(school)
    for name, fields, words in IMPOSSIBLE:
        answer = await do(school, "change", channel="g5", start=start(name), **fields)
        assert answer.status_code == 422
        assert words in answer.text
    assert changes(school.state.journal) == []


async def test_a_lesson_cannot_be_swapped_with_itself_or_one_that_has_begun(
    school: School,
) -> None:
    await sign_in(school)
    for other in ("next", "begun"):
        fields = {"channel": "g5", "start": start("next"), "kind": "swap", "to": start(other)}
        assert (await do(school, "change", **fields)).status_code == 422


async def test_a_changed_lesson_is_undone_first(school: School) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next")}
    await do(school, "change", **fields, kind="cancel")
    answer = await do(school, "change", **fields, kind="shift", to=str(int(start("next")) + 60))
    assert "Undo that first." in answer.text


async def test_what_has_begun_is_not_undone(school: School, clock: FixedClock) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next")}
    await do(school, "change", **fields, kind="cancel")
    clock.advance(2 * 3600)
    assert (await do(school, "undo", **fields)).status_code == 409
    assert len(changes(school.state.journal)) == 1


async def test_a_lesson_whose_published_time_has_passed_is_moved_again_or_cancelled(
    school: School, clock: FixedClock
) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next")}
    to = int(start("next"))
    await do(school, "change", **fields, kind="shift", to=str(to + 180))
    # It can be undone no more: its own time is over.
    clock.advance(3600 + 60)
    assert ">Undo<" not in await day(school)
    page = await school.client.get(httpx.URL("/teacher/change", params=fields))
    assert "Move it to another time" in page.text
    assert "Swap it" not in page.text
    swap = await do(school, "change", **fields, kind="swap", to=start("page"))
    assert swap.status_code == 422
    await do(school, "change", **fields, kind="shift", to=str(to + 240))
    placed = {one.published: one.slot.start for one in school.site.timetable.placed("g5")}
    assert placed[to] == to + 240
    await do(school, "change", **fields, kind="cancel")
    assert to not in [one.published for one in school.site.timetable.placed("g5")]


async def test_a_swap_that_has_begun_stays(school: School, clock: FixedClock) -> None:
    await sign_in(school)
    fields = {"channel": "g5", "start": start("next")}
    await do(school, "change", **fields, kind="swap", to=start("page"))
    clock.advance(3600 + 60)
    answer = await do(school, "change", **fields, kind="cancel")
    assert "The other lesson has begun, so the swap stays." in answer.text
    assert ">Undo<" not in await day(school)


NONSENSE: list[tuple[str, dict[str, str], int]] = [
    ("change", {}, 404),
    ("change", {"channel": "g5", "start": "7", "kind": "cancel"}, 404),
    ("change", {"channel": "g5", "start": "९", "kind": "cancel"}, 404),
    ("change", {"channel": "../g5", "start": "7"}, 404),
    ("change", {"channel": "g5", "start": "NEXT", "kind": "explode"}, 400),
    ("change", {"channel": "g5", "start": "NEXT", "kind": "swap", "to": "-1"}, 400),
    ("change", {"channel": "g5", "start": "NEXT", "kind": "shift", "to": "9" * 99}, 400),
    ("wish", {"pack": PACK, "item": "nothing"}, 404),
    ("wish", {"pack": "no/pack", "item": "later"}, 404),
    ("wish", {"pack": PACK, "item": "x" * 500}, 404),
]


async def test_nonsense_is_refused(school: School) -> None:
    await sign_in(school)
    for action, form, status in NONSENSE:
        fields = {name: start("next") if one == "NEXT" else one for name, one in form.items()}
        assert (await do(school, action, **fields)).status_code == status
    assert changes(school.state.journal) == []
    assert wishes(school.state.journal) == []


async def test_forms_without_origin_token_or_teacher_change_nothing(school: School) -> None:
    fields = {"channel": "g5", "start": start("next"), "kind": "cancel", "pack": PACK,
              "item": "later", "local": "2026-11-24T16:30"}  # fmt: skip
    sealed = seal_of((await school.client.get("/teacher/sign-in")).text)
    origin = {"Origin": school.origin}
    for action in ("change", "undo", "wish", "unwish", "time", "sign-out"):
        for headers, form in (({}, {**fields, **sealed}), (origin, fields)):
            answer = await school.client.post(f"/teacher/{action}", data=form, headers=headers)
            assert answer.status_code == 403
    for action in ("change", "undo", "wish", "unwish", "time"):
        answer = await school.client.post(
            f"/teacher/{action}", data={**fields, **sealed}, headers=origin
        )
        assert answer.headers["Location"].startswith("/teacher/sign-in?back=")
    assert changes(school.state.journal) == []
    assert wishes(school.state.journal) == []


async def test_a_wish_is_kept_shown_and_cancelled(school: School) -> None:
    await sign_in(school)
    await do(school, "wish", pack=PACK, item="later", by=start("later"), back="/teacher")
    (one,) = wishes(school.state.journal)
    assert (one.pack, one.item, one.teacher) == (PACK, "later", TEACHER)
    assert one.wanted_by == lessons()["later"].start
    text = await day(school)
    assert "wished; 12 kB to come" in text
    assert "for Thursday" in text
    await do(school, "unwish", pack=PACK, item="later")
    assert wishes(school.state.journal) == []


async def test_what_the_timetable_alone_knows_can_be_wished(school: School) -> None:
    await sign_in(school)
    await do(school, "wish", pack=PACK, item="nowhere", by="nonsense")
    (one,) = wishes(school.state.journal)
    assert (one.item, one.wanted_by) == ("nowhere", None)
    assert "wished; the node looks for it" in await day(school)


async def test_a_wish_that_nobody_can_fulfil_says_so(school: School) -> None:
    await sign_in(school)
    await do(school, "wish", pack=PACK, item="nowhere")
    with AgentDatabase(school.state) as database:
        database.remember(FACT, encode_unpublished([(PACK, "nowhere")]))
    assert "nobody publishes this lesson; ask your county" in await day(school)


async def test_what_is_here_needs_no_wish(school: School) -> None:
    await sign_in(school)
    answer = await do(school, "wish", pack=PACK, item="video")
    assert answer.status_code == 303
    assert wishes(school.state.journal) == []


async def test_a_removed_teacher_changes_nothing_more(school: School, clock: FixedClock) -> None:
    await sign_in(school)
    sealed = seal_of((await school.client.get("/teacher")).text)
    remove_teacher(school.state)
    clock.advance(2)
    fields = {"channel": "g5", "start": start("next"), "kind": "cancel", **sealed}
    answer = await school.client.post(
        "/teacher/change", data=fields, headers={"Origin": school.origin}
    )
    assert answer.headers["Location"].startswith("/teacher/sign-in")
    assert changes(school.state.journal) == []


async def test_without_a_sure_time_it_asks_first_and_one_tap_answers(
    school: School, clock: FixedClock
) -> None:
    clock.set_wall(NOW, synchronised=False)
    text = await day(school)
    assert "It is Tuesday 24 November 16:30, right?" in text
    assert "Sign in to answer" in text
    await sign_in(school)
    text = await day(school)
    assert ">Change<" not in text
    assert 'class="mark now"' not in text
    answer = await school.client.get(f"/teacher/change?channel=g5&start={start('next')}")
    assert answer.headers["Location"] == "/teacher/time"

    fields = dict(re.findall(r'name="(local|asked)" value="([^"]*)"', text))
    clock.advance(120)
    answer = await do(school, "time", **fields, back="/teacher?channel=g5")
    assert answer.headers["Location"] == "/teacher?channel=g5"
    text = await day(school)
    assert "right?" not in text
    assert "Tuesday 24 November 16:32" in text
    assert ">Change<" in text


async def test_without_even_a_guess_the_time_is_set(school: School, clock: FixedClock) -> None:
    clock.set_wall(datetime.fromtimestamp(60, UTC), synchronised=False)
    await sign_in(school)
    assert "What time is it?" in await day(school)
    answer = await post(
        school, "/teacher/time", page="/teacher/time", day="2026-11-24", time="16:31"
    )
    assert answer.status_code == 303
    assert "Tuesday 24 November 16:31" in await day(school)
    answer = await post(
        school, "/teacher/time", page="/teacher/time", day="1970-01-01", time="00:00"
    )
    assert answer.status_code == 422
    assert "this node has seen" in answer.text


async def test_an_answer_to_an_old_question_is_asked_anew(
    school: School, clock: FixedClock
) -> None:
    clock.set_wall(NOW, synchronised=False)
    await sign_in(school)
    for asked in ("5", "", "９", "99999999", "9" * 40):
        answer = await do(school, "time", local="2026-11-24T16:30", asked=asked)
        assert answer.status_code == 409
        assert "right?" in answer.text


async def test_a_question_of_before_a_reboot_is_asked_anew(
    school: School, clock: FixedClock
) -> None:
    clock.set_wall(NOW, synchronised=False)
    await sign_in(school)
    fields = dict(re.findall(r'name="(local|asked)" value="([^"]*)"', await day(school)))
    # Longer ago than the page says: the power was off meanwhile.
    clock.reboot()
    clock.advance(3700)
    await sign_in(school)
    assert (await do(school, "time", **fields)).status_code == 409


async def test_two_devices_see_the_same_change(school: School) -> None:
    await sign_in(school)
    async with browser(school.site.ports.portal) as other:
        await sign_in(school, client=other)
        await do(school, "change", channel="g5", start=start("next"), kind="cancel")
        answer = await post(
            school, "/teacher/change", page="/teacher", client=other,
            channel="g5", start=start("next"), kind="cancel",
        )  # fmt: skip
        assert "was changed already" in answer.text
