"""The channel's playlists over sockets: what players get, and what survives what."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import httpx
import msgspec
import pytest

from cache import durable, journal_lineup
from cache.journal_pins import pinned
from cache.school_clock import FILE_NAME
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import UnavailableError
from core.school_time import Memory
from core.withdrawal import Withdrawal
from edge_client.portal.air.channels import TICK_SECONDS, Channels
from edge_client.portal.usage_log import UsageLog
from tests.support.air import (
    NINE,
    PACK,
    Made,
    MovedClock,
    clock_at,
    make_school,
    rendition,
    slot,
    timetable,
)
from tests.support.nodes import opened
from tests.support.numbered import make_numbered_rendition
from tests.support.portal import School, serving


def lesson_a() -> Made:
    return make_numbered_rendition(60.0, video=1, path="01.96p.mp4")


def lesson_b() -> Made:
    return make_numbered_rendition(40.0, video=2, size=(128, 64), path="02.64p.mp4")


def sound_of_a() -> Made:
    return rendition(1, 20.0, True, 96, "audio")


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    state = make_school(tmp_path / "state", {"a": [lesson_a(), sound_of_a()], "b": [lesson_b()]})
    timetable(state, slot(0, "a"), slot(2, "b"))
    return state


@asynccontextmanager
async def portal(state: StateDirectory, clock: MovedClock) -> AsyncIterator[School]:
    async with serving(state, {}, clock=clock) as school:
        await school.site.usage.secrets()
        yield school


async def get(school: School, address: str = "/air/g5.m3u8") -> str:
    await school.site.air.move()
    answer = await school.client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    return answer.text


def die(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the portal end without a word about how far its channels were published."""
    monkeypatch.setattr(journal_lineup, "keep_reach", lambda *_: None)


async def shown_before_death(
    state: StateDirectory, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Give a playlist of a portal that dies then."""
    async with portal(state, clock) as school:
        before = await get(school)
        die(monkeypatch)
    monkeypatch.undo()
    return before


def segments(text: str) -> dict[int, str]:
    """Give what each number stands for."""
    lines = text.splitlines()
    number = next(int(one.rpartition(":")[2]) for one in lines if "MEDIA-SEQUENCE" in one)
    found, span = {}, ""
    for line in lines:
        if line.startswith("#EXT-X-BYTERANGE"):
            span = line
        elif not line.startswith("#"):
            found[number] = f"{line} {span}"
            number, span = number + 1, ""
    return found


def agree(first: str, second: str) -> int:
    """Check that two playlists name the same segments by the same numbers; give how many."""
    one, other = segments(first), segments(second)
    assert min(other) >= min(one)
    assert max(other) >= max(one)
    assert {number: other[number] for number in one if number in other} == {
        number: one[number] for number in one if number in other
    }
    return len(set(one) & set(other))


async def body(client: httpx.AsyncClient, text: str) -> bytes:
    """Fetch what a playlist names, as a player does, and put it together."""
    data, span, head = b"", "", ""
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            head = line.split('"')[1]
            if "BYTERANGE" in line:
                length = int(line.split('"')[3].partition("@")[0])
                data += (await client.get(head, headers={"Range": f"bytes=0-{length - 1}"})).content
            else:
                data += (await client.get(head)).content
        elif line.startswith("#EXT-X-BYTERANGE"):
            length, start = map(int, line.partition(":")[2].split("@"))
            span = f"bytes={start}-{start + length - 1}"
        elif not line.startswith("#"):
            answer = await client.get(line, headers={"Range": span} if span else {})
            assert answer.status_code == (206 if span else 200), line
            data += answer.content
            span = ""
    return data


async def test_a_channel_shows_lessons_and_slate_by_the_clock(state: StateDirectory) -> None:
    clock = clock_at(NINE + timedelta(seconds=70))
    async with portal(state, clock) as school:
        before = await get(school)
        assert "/air/slate/pictures/0.mp4" in before
        clock.shift.seconds += 50
        after = await get(school)
    assert agree(before, after) >= 1
    assert f"/media/{digest_of(lesson_b()[0])}.mp4" in after
    assert "#EXT-X-DISCONTINUITY\n" in after


async def test_what_a_playlist_names_can_be_decoded(state: StateDirectory) -> None:
    clock = clock_at(NINE + timedelta(seconds=30))
    async with portal(state, clock) as school:
        lesson = await get(school)
        clock.shift.seconds += 65
        slate = await get(school)
        of_lesson = await body(school.client, lesson.split("#EXT-X-DISCONTINUITY\n")[0])
        of_slate = await body(school.client, slate.split("#EXT-X-DISCONTINUITY\n")[-1])
    for data in (of_lesson, of_slate):
        with av.open(io.BytesIO(data), "r") as container:
            times = [frame.time for frame in container.decode(video=0)]
        assert len(times) > 100
        assert max(b - a for a, b in pairwise(times)) < 0.15


async def test_the_numbers_hold_across_a_restart_and_an_edit(state: StateDirectory) -> None:
    clock = clock_at(NINE + timedelta(seconds=40))
    async with portal(state, clock) as school:
        before = await get(school)
    clock.shift.seconds += 5
    async with portal(state, clock) as school:
        again = await get(school)
        assert agree(before, again) >= 5
        timetable(state, slot(0, "b"), slot(2, "a"))
        edited = await get(school)
        assert agree(again, edited) >= 5
        clock.shift.seconds += 20
        assert agree(edited, await get(school)) >= 5


async def test_a_killed_portal_goes_on_with_its_numbers(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(NINE + timedelta(seconds=40))
    before = await shown_before_death(state, clock, monkeypatch)
    clock.shift.seconds += 10
    async with portal(state, clock) as school:
        assert agree(before, await get(school)) >= 3


async def test_after_a_reboot_the_channel_waits_for_the_time_and_begins_at_the_right_place(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(NINE + timedelta(seconds=10))
    before = await shown_before_death(state, clock, monkeypatch)
    clock.shift.boot += 1
    clock.shift.synchronised = False
    clock.shift.seconds -= 50 * 365 * 86_400
    async with portal(state, clock) as school:
        answer = await school.client.get("/air/g5.m3u8")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10"
        assert "does not know what time it is" in answer.text
        waiting = (await school.client.get("/air/g5.json")).json()
        assert waiting == {"waits": True}
        await school.site.time.confirm("2026-11-25T09:00", "Wang")
        after = await get(school)
    numbers = segments(after)
    assert min(numbers) > max(segments(before))
    # Half a minute is what a tap within the minute 9:00 stands for.
    assert "2026-11-25T01:00:04" in after
    first, second = lesson_a()[1].segments[:2]
    assert numbers[min(numbers)].endswith(f"{second.size}@{lesson_a()[1].head + first.size}")


async def test_an_hour_back_begins_a_run_with_higher_numbers(state: StateDirectory) -> None:
    clock = clock_at(NINE + timedelta(seconds=20))
    clock.shift.synchronised = False
    async with portal(state, clock) as school:
        await school.site.time.confirm("2026-11-25T09:02", "Wang")
        before = await get(school)
        await school.site.time.confirm("2026-11-25T08:02", "Wang")
        after = await get(school)
    assert min(segments(after)) == max(segments(before)) + 1
    assert all("/air/slate/" in one for one in segments(after).values())


async def test_an_hour_back_while_the_portal_is_off_begins_a_run_with_higher_numbers(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(NINE + timedelta(seconds=20))
    clock.shift.synchronised = False
    async with portal(state, clock) as school:
        await school.site.time.confirm("2026-11-25T09:02", "Wang")
        before = await get(school)
        die(monkeypatch)
    monkeypatch.undo()
    # On the node's own screen, say.
    said = NINE - timedelta(hours=1)
    memory = Memory(
        reached=said.timestamp(),
        boot=clock.boot_id(),
        monotonic=clock.monotonic(),
        confirmed=said.timestamp(),
    )
    durable.write_file(state.root / FILE_NAME, msgspec.json.encode(memory))
    async with portal(state, clock) as school:
        after = await get(school)
    assert min(segments(after)) > max(segments(before))
    assert all("/air/slate/" in one for one in segments(after).values())


async def test_after_a_reboot_nothing_is_shown_before_it_is_lined_up(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(NINE + timedelta(seconds=10))
    before = await shown_before_death(state, clock, monkeypatch)
    clock.shift.boot += 1
    clock.shift.seconds += 3600

    async def full(*_: object) -> None:
        raise UnavailableError("The disk is full.")

    monkeypatch.setattr(UsageLog, "change", full)
    async with portal(state, clock) as school:
        with pytest.raises(UnavailableError):
            await school.site.air.move()
        answer = await school.client.get("/air/g5.m3u8")
        assert (answer.status_code, "begins in a moment" in answer.text) == (503, True)
        monkeypatch.undo()
        assert min(segments(await get(school))) > max(segments(before))


async def test_a_mistake_of_ours_does_not_end_the_channels(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    moved = asyncio.Event()

    async def broken(_: Channels) -> None:
        moved.set()
        raise ZeroDivisionError

    monkeypatch.setattr(Channels, "move", broken)
    async with portal(state, clock_at(NINE)) as school:
        await asyncio.wait_for(moved.wait(), 30)
        monkeypatch.undo()
        async with asyncio.timeout(30):
            while (await school.client.get("/air/g5.m3u8")).status_code != 200:  # noqa: ASYNC110 - of its own accord
                await asyncio.sleep(TICK_SECONDS / 10)
        assert (await school.client.get("/air/g5.m3u8")).status_code == 200
    assert "ZeroDivisionError" in caplog.text


async def test_the_slate_of_the_summer_holidays_can_be_had(state: StateDirectory) -> None:
    weeks = 9 * 7 * 24 * 3600 // 4
    async with portal(state, clock_at(NINE)) as school:
        bodies = [
            (await school.client.get("/air/slate/pictures/head.mp4")).content,
            *[
                (await school.client.get(f"/air/slate/pictures/{number}.mp4")).content
                for number in (weeks, weeks + 1)
            ],
        ]
    with av.open(io.BytesIO(b"".join(bodies)), "r") as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert times[0] == pytest.approx(weeks * 4, abs=0.2)
    assert max(b - a for a, b in pairwise(times)) < 0.15


async def test_what_was_withdrawn_is_in_no_playlist_of_the_past(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(NINE - timedelta(seconds=10))
    async with portal(state, clock) as school:
        await get(school)
        clock.shift.seconds += 50
        address = (await get(school, "/air/g5/start.m3u8")).splitlines()[-1]
        await get(school, address)
        with opened(state) as catalogue:
            catalogue.withdraw(
                PACK, [Withdrawal(reason="a slip", at="2026-11-25T00:00:00Z", item="a")]
            )
        monkeypatch.setattr(school.site.lessons, "_types", {})
        clock.shift.seconds += 100
        past = await get(school, "/air/g5/last30.m3u8")
        assert str(digest_of(lesson_a()[0])) not in past
        assert (await school.client.get(address)).status_code == 404
        assert "/air/slate/" in past


async def test_a_lesson_can_be_watched_from_its_start(state: StateDirectory) -> None:
    clock = clock_at(NINE - timedelta(seconds=5))
    async with portal(state, clock) as school:
        await get(school)
        clock.shift.seconds += 45
        leading = await get(school, "/air/g5/start.m3u8")
        address = leading.splitlines()[-1]
        growing = await get(school, address)
        assert "ENDLIST" not in growing
        clock.shift.seconds += 60
        whole = await get(school, address)
        assert whole.endswith("#EXT-X-ENDLIST\n")
        assert len(segments(whole)) == len(lesson_a()[1].segments)
        assert segments(growing).items() <= segments(whole).items()
        assert (await get(school, "/air/g5/start.m3u8")).splitlines()[-1] == "/air/g5.m3u8"
        assert (await school.client.get("/air/g5/from-77.m3u8")).status_code == 404


async def test_the_last_half_hour_reaches_back(state: StateDirectory) -> None:
    clock = clock_at(NINE - timedelta(seconds=10))
    async with portal(state, clock) as school:
        await get(school)
        clock.shift.seconds += 170
        long = await get(school, "/air/g5/last30.m3u8")
        short = await get(school)
    assert len(segments(long)) > 2 * len(segments(short))
    assert segments(short).items() <= segments(long).items()


async def test_sound_alone_is_a_channel_of_its_own(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(seconds=70))) as school:
        silent = await get(school, "/air/g5/audio.m3u8")
        assert "/air/slate/sound/" in silent
    async with portal(state, clock_at(NINE + timedelta(seconds=20))) as school:
        text = await get(school, "/air/g5/audio.m3u8")
        data = await body(school.client, text.split("#EXT-X-DISCONTINUITY\n")[-1])
    assert str(digest_of(sound_of_a()[0])) in text
    with av.open(io.BytesIO(data), "r") as container:
        assert [stream.type for stream in container.streams] == ["audio"]


async def test_what_is_shown_is_pinned(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(seconds=20))) as school:
        await get(school)
        assert {digest_of(lesson_a()[0]), digest_of(sound_of_a()[0])} <= pinned(state)
        timetable(state, channel="g6")
        await school.site.air.move()
        assert pinned(state) == set()
        assert (await school.client.get("/air/g5.m3u8")).status_code == 404


async def test_a_lower_rendition_is_shown_until_the_next_lesson(tmp_path: Path) -> None:
    low = make_numbered_rendition(20.0, size=(128, 64), path="01.64p.mp4")
    state = make_school(tmp_path / "low", {"a": [lesson_a(), low]}, frozenset({lesson_a()[1].path}))
    timetable(state, slot(0, "a"))
    async with portal(state, clock_at(NINE + timedelta(seconds=3))) as school:
        assert str(digest_of(low[0])) in await get(school)
        page = (await school.client.get("/air/g5.json")).json()
        assert "Shown in a smaller picture (64p)" in page["list"]


async def test_fifty_players_cost_one_text(state: StateDirectory) -> None:
    async with portal(state, clock_at(NINE + timedelta(seconds=20))) as school:
        await get(school)
        answers = await asyncio.gather(*(school.client.get("/air/g5.m3u8") for _ in range(50)))
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].headers["Content-Encoding"] == "gzip"
    assert answers[0].headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "address",
    ["/air/none.m3u8", "/air/none", "/air/none.json", "/air/slate/pictures/1000000000.mp4",
     "/air/slate/other/0.mp4", "/air/G5.m3u8", "/air/g5/start.m3u9"],
)  # fmt: skip
async def test_what_is_not_there_is_said(state: StateDirectory, address: str) -> None:
    async with portal(state, clock_at(NINE)) as school:
        assert (await school.client.get(address)).status_code == 404
