"""``POST /usage``: durable once answered, counted once, and shut to everyone else."""

import asyncio
import dataclasses
import gzip
import json
import re
from typing import Any

import httpx
import pytest

from cache.clock import Clock
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.usage import Recorded, decode_record
from edge_client.portal.usage_log import UsageLog
from tests.support.course import PACK, make_course
from tests.support.nodes import damage_file, make_state
from tests.support.portal import CONFIG, School, browser, replace_file, serving


async def opened(school: School, item: str = "video") -> dict[str, str]:
    """Open an item's page; give its session and token."""
    text = (await school.client.get(f"/packs/{PACK}/{item}")).text
    found = re.search(r'data-usage="([0-9a-f]{16})" data-token="([0-9a-f]{64})"', text)
    assert found
    return {"session": found[1], "token": found[2]}


def event(number: Any = 0, **changes: Any) -> dict[str, Any]:
    """Make an event."""
    return {
        "number": number, "verb": "played", "pack": PACK, "item": "video", "version": 1,
        "position": 1500, "length": 4000, **changes,
    }  # fmt: skip


async def post(school: School, body: object, **headers: str) -> httpx.Response:
    """Post a body as the page's script does."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await school.client.post(
        "/usage", content=content, headers={"Origin": school.origin, **headers}
    )


def journal(school: School) -> list[Recorded]:
    """Read what is durable, through another connection."""
    reader = JournalReader(school.state.journal)
    return [
        decode_record(row.record)
        for epoch in reader.epochs()
        for row in reader.unsent(epoch.epoch, 0, 10_000)
    ]


async def test_what_is_answered_is_in_the_journal(school: School) -> None:
    page = await opened(school)
    before = Clock().monotonic() * 1000
    answer = await post(school, {**page, "events": [event(), event(1, verb="paused", start=0)]})
    assert (answer.status_code, answer.content) == (204, b"")
    played, paused = journal(school)
    assert (played.verb, played.item, played.position, played.length) == (
        "played",
        "video",
        1500,
        4000,
    )
    assert (paused.verb, paused.start, paused.number) == ("paused", 0, 1)
    assert played.session == page["session"]
    assert played.boot == Clock().boot_id()
    assert before <= played.offset <= Clock().monotonic() * 1000
    assert abs(played.at / 1000 - Clock().wall().timestamp()) < 60


async def test_an_event_is_dated_by_when_it_happened(school: School) -> None:
    page = await opened(school)
    await post(school, {**page, "events": [event(0, ago=0), event(1, ago=5000)]})
    now, earlier = journal(school)
    assert (now.offset - earlier.offset, now.at - earlier.at) == (5000, 5000)


async def test_an_event_sent_again_counts_once(school: School) -> None:
    page = await opened(school)
    await post(school, {**page, "events": [event(0), event(1)]})
    again = await post(school, {**page, "events": [event(0), event(1), event(2)]})
    assert again.status_code == 204
    assert [one.number for one in journal(school)] == [0, 1, 2]


async def test_an_event_sent_again_after_a_restart_counts_once(
    state: StateDirectory, video: bytes, picture: bytes
) -> None:
    digests = make_course(state.root, video, picture)
    async with serving(state, digests) as school:
        page = await opened(school)
        await post(school, {**page, "events": [event(0), event(1)]})
        cookies = school.client.cookies
    async with serving(state, digests) as school:
        school.client.cookies = cookies
        again = await post(school, {**page, "events": [event(0), event(1), event(2)]})
        assert again.status_code == 204
        assert [one.number for one in journal(school)] == [0, 1, 2]


async def test_many_players_share_commits_and_lose_nothing(school: School) -> None:
    pages = [await opened(school) for _ in range(8)]
    answers = await asyncio.gather(
        *(post(school, {**page, "events": [event(n) for n in range(20)]}) for page in pages)
    )
    assert {answer.status_code for answer in answers} == {204}
    assert (
        len({(one.session, one.number) for one in journal(school)}) == len(journal(school)) == 160
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"\xff\xfe", b"[]", b"null", b"{}", b"[" * 8000, b'{"token":' * 800,
     b'{"token": ' + b"[" * 7000, b'{"events": 1e999}'],
)  # fmt: skip
async def test_what_is_not_a_report_is_refused(school: School, body: bytes) -> None:
    await opened(school)
    answer = await post(school, body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The report cannot be read")
    assert journal(school) == []


@pytest.mark.parametrize(
    "change",
    [{"number": -1}, {"number": "1"}, {"position": -2}, {"position": 1.5}, {"version": 0},
     {"ago": -1}, {"ago": 2**53}, {"verb": 5}, {"extra": 1}, {"pack": "x" * 300}],
)  # fmt: skip
async def test_a_malformed_event_is_refused_with_all_others(
    school: School, change: dict[str, Any]
) -> None:
    page = await opened(school)
    answer = await post(school, {**page, "events": [event(0), event(**{"number": 1, **change})]})
    assert answer.status_code == 400
    assert "events[1]" in answer.json()["error"]
    assert journal(school) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"verb": "hacked"}, "The report names an action that is not known."),
     ({"verb": "taught"}, "The report names an action that is not known."),
     ({"item": "none"}, "The report names a lesson that is not here."),
     ({"pack": "gd/zhuhai/none"}, "The report names a lesson that is not here.")],
)  # fmt: skip
async def test_unknown_lessons_and_verbs_are_refused(
    school: School, change: dict[str, Any], sentence: str
) -> None:
    page = await opened(school)
    answer = await post(school, {**page, "events": [event(0), event(**{"number": 1, **change})]})
    assert (answer.status_code, answer.json()["error"]) == (422, sentence)
    assert journal(school) == []


async def test_too_many_events_are_refused(school: School) -> None:
    page = await opened(school)
    small = {"number": 0, "verb": "played", "pack": PACK, "item": "video", "version": 1}
    fifty = [{**small, "number": n} for n in range(50)]
    assert (await post(school, {**page, "events": fifty})).status_code == 204
    answer = await post(school, {**page, "events": [*fifty, {**small, "number": 50}]})
    assert answer.status_code == 400
    assert (await post(school, {**page, "events": []})).status_code == 400


async def test_a_huge_body_is_refused_before_it_is_read(school: School) -> None:
    page = await opened(school)
    answer = await post(school, {**page, "events": [], "fill": "x" * 9000})
    assert answer.status_code == 413
    assert answer.json() == {"error": "That is too large", "hint": "Nothing was recorded."}


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1:1",
     "http://localhost:{port}", "ftp://127.0.0.1:{port}", "http://127.0.0.1:{port}.evil.example",
     "http://127.0.0.1:{content}"],
)  # fmt: skip
async def test_another_origin_is_refused(school: School, origin: str) -> None:
    page = await opened(school)
    ports = {"port": school.site.ports.portal, "content": school.site.ports.content}
    body = {**page, "events": [event()]}
    answer = await post(school, body, Origin=origin.format(**ports))
    assert answer.status_code == 403
    assert journal(school) == []


async def test_no_origin_is_refused(school: School) -> None:
    page = await opened(school)
    answer = await school.client.post("/usage", json={**page, "events": [event()]})
    assert answer.status_code == 403


async def test_a_token_is_good_for_its_page_and_browser_only(school: School) -> None:
    page, other = await opened(school), await opened(school)
    for wrong in ("0" * 64, other["token"], "", "x", "é" * 64):
        answer = await post(school, {**page, "token": wrong, "events": [event()]})
        assert answer.status_code == 403
    async with browser(school.site.ports.portal) as stranger:
        answer = await stranger.post(
            "/usage", json={**page, "events": [event()]}, headers={"Origin": school.origin}
        )
        assert answer.status_code == 403
    assert journal(school) == []


@pytest.mark.parametrize("cookie", ["x", "0" * 31, "G" * 32, "0" * 33])
async def test_a_cookie_that_is_not_ours_is_replaced(school: School, cookie: str) -> None:
    school.client.cookies.set("visitor", cookie, domain="127.0.0.1")
    answer = await school.client.get(f"/packs/{PACK}/video")
    assert re.search("visitor=[0-9a-f]{32};", answer.headers["Set-Cookie"])


async def test_while_the_catalogue_is_damaged_usage_waits(school: School) -> None:
    page = await opened(school)
    replace_file(school.state.catalogue, b"no database" * 1000)
    assert (await post(school, {**page, "events": [event()]})).status_code == 503
    school.state.catalogue.resolve().unlink()
    assert (await post(school, {**page, "events": [event()]})).status_code == 503


async def test_a_damaged_journal_is_salvaged_at_the_next_start(
    state: StateDirectory, video: bytes, picture: bytes
) -> None:
    digests = make_course(state.root, video, picture)
    async with serving(state, digests) as school:
        await post(school, {**await opened(school), "events": [event(0)]})
    damage_file(state.journal.resolve(), data=b"\xff" * 100)
    async with serving(state, digests) as school:
        answer = await post(school, {**await opened(school), "events": [event(0)]})
        assert answer.status_code == 204
        assert journal(school)


async def test_without_a_journal_media_play_and_usage_waits(
    state: StateDirectory, video: bytes, picture: bytes
) -> None:
    digests = make_course(state.root, video, picture)
    state.journal.mkdir()  # so that no file can be made there, not even by root
    async with serving(state, digests) as school:
        page = await opened(school)
        answer = await post(school, {**page, "events": [event(0)]})
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("Usage cannot be recorded now")
        assert (await school.client.get(school.media("01 认识分数.mp4", "mp4"))).content == video
        state.journal.rmdir()
        assert (
            await post(school, {**await opened(school), "events": [event(0)]})
        ).status_code == 204
        assert len(journal(school)) == 1


async def test_a_flood_is_told_to_come_later(school: School) -> None:
    page = await opened(school)
    small = {"verb": "played", "pack": PACK, "item": "video", "version": 1}
    statuses = []
    for start in range(0, 1100, 50):
        events = [{**small, "number": n} for n in range(start, start + 50)]
        statuses.append((await post(school, {**page, "events": events})).status_code)
    assert statuses[:20] == [204] * 20
    assert 429 in statuses
    answer = await post(school, {**page, "events": events}, **{"Accept-Language": "zh"})
    while answer.status_code == 204:
        answer = await post(school, {**page, "events": events}, **{"Accept-Language": "zh"})
    assert answer.json() == {"error": "请求太多", "hint": "请过一分钟再试。"}
    assert answer.headers["Retry-After"]


async def test_on_a_nearly_full_disk_media_play_and_usage_waits(
    state: StateDirectory, video: bytes, picture: bytes
) -> None:
    digests = make_course(state.root, video, picture)
    full = dataclasses.replace(CONFIG, disk_floor=10**18)
    async with serving(state, digests, full) as school:
        answer = await post(school, {**await opened(school), "events": [event()]})
        assert answer.status_code == 503
        assert "The disk has only" in answer.json()["error"]
        assert answer.headers["Retry-After"]
        assert (await school.client.get(school.media("01 认识分数.mp4", "mp4"))).content == video
        assert journal(school) == []


async def test_pages_made_before_the_journal_was_open_may_report(state: StateDirectory) -> None:
    make_state(state.root)
    kept = set()
    for _ in range(2):
        log = UsageLog(state, Clock())
        early = log.secret
        log.start()
        assert early in await log.secrets()
        kept.add(log.secret)
        await log.close()
    assert len(kept) == 1


async def test_what_is_remembered_of_players_is_bounded(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_client.portal.usage_log.NUMBERS", 10)
    page = await opened(school)
    for start in range(0, 30, 5):
        events = [event(number) for number in range(start, start + 5)]
        assert (await post(school, {**page, "events": events})).status_code == 204
    assert len(journal(school)) == 30
    again = await post(school, {**page, "events": [event(29)]})
    assert again.status_code == 204
    assert len(journal(school)) == 30


async def test_a_body_that_grows_when_it_is_unpacked_is_refused(school: School) -> None:
    await opened(school)
    bomb = gzip.compress(b" " * 50_000_000)[:8000]
    answer = await post(school, bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code in {400, 413}
    assert journal(school) == []
