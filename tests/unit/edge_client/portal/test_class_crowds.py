"""A thousand joiners, slow readers and guessers: a sentence each, and the class goes on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest

from core.class_room import MOST_SCREENS
from core.errors import ExhaustedError
from edge_client.portal.classes.connection import Connection
from edge_client.portal.classes.guesses import Guesses
from edge_client.portal.classes.running import RunningClass
from tests.support.classes import LESSON, Screen, Visitors, add_teachers, visitors
from tests.support.portal import School

MINUTE = 60_000


@pytest.fixture
async def room(school: School) -> AsyncIterator[Visitors]:
    add_teachers(school.state, "Li")
    async with visitors(school.origin, school.site) as opened:
        yield opened


@pytest.fixture
async def running(school: School) -> RunningClass:
    return school.site.classes.start(LESSON, "Li")


class Crowd:
    """Many who join at once, from one address, and stay."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self.session, self.origin = session, origin
        self.screens: list[Screen] = []

    async def join(self, code: str, count: int) -> list[Screen]:
        came = [Screen(one) for one in await asyncio.gather(*map(self._join, [code] * count))]
        await asyncio.gather(*(one.until(lambda _: True, 60) for one in came))
        self.screens += came
        return came

    async def _join(self, code: str) -> aiohttp.ClientWebSocketResponse:
        address = f"{self.origin}/class/socket?code={code}&as=pupil"
        headers = {"Origin": self.origin, "Accept-Language": "en"}
        return await self.session.ws_connect(address, headers=headers)


@pytest.fixture
async def crowd(school: School) -> AsyncIterator[Crowd]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        crowd = Crowd(session, school.origin)
        yield crowd
        await asyncio.gather(*(one.close() for one in crowd.screens))


async def test_of_a_thousand_joiners_as_many_get_in_as_may_and_pages_are_served(
    room: Visitors, running: RunningClass, school: School, crowd: Crowd
) -> None:
    lead = await room.connect(running.code, "lead", teacher="Li")
    for _ in range(10):
        await crowd.join(running.code, 100)
        assert (await school.client.get("/")).status_code == 200
    refused = [one for one in crowd.screens if one.faults]
    assert len(running.connections) == MOST_SCREENS
    assert len(refused) == 1000 - (MOST_SCREENS - 1)
    assert {*refused[0].faults} == {
        "This class has as many screens as it can have. Look at the big screen."
    }
    assert {await one.ends() for one in refused} == {4503}
    await lead.order("play")
    await lead.sees(phase="playing")
    inside = next(one for one in crowd.screens if not one.faults)
    await inside.sees(phase="playing", pupils=MOST_SCREENS - 1)


async def test_the_teacher_gets_into_a_full_class(
    room: Visitors, running: RunningClass, crowd: Crowd
) -> None:
    await crowd.join(running.code, MOST_SCREENS)
    lead = await room.connect(running.code, "lead", teacher="Li")
    await lead.sees(leads=True, pupils=MOST_SCREENS - 1)
    refused = [one for one in crowd.screens if one.faults]
    assert [await one.ends() for one in refused] == [4503]


async def test_who_has_taken_many_places_gives_way_to_another(
    room: Visitors, running: RunningClass, crowd: Crowd
) -> None:
    await crowd.join(running.code, MOST_SCREENS)
    for one in running.connections.values():
        one.address = "192.0.2.7"  # as all of them from one device of the school
    tablet = await room.connect(running.code, "pupil")
    await tablet.sees(pupils=MOST_SCREENS)
    await running_refuses_one(crowd)
    assert Counter(one.address for one in running.connections.values())["192.0.2.7"] == 249


async def running_refuses_one(crowd: Crowd) -> None:
    ended = [one for one in crowd.screens if one.faults]
    assert [await one.ends() for one in ended] == [4503]


async def test_all_classes_together_leave_room_for_pages(
    school: School, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school.site.classes, "most_sockets", 30)
    codes = [school.site.classes.start(LESSON, "Li").code for _ in range(3)]
    for code in codes:
        await crowd.join(code, 20)
    assert school.site.classes.sockets == 30
    refused = [one for one in crowd.screens if one.faults]
    assert len(refused) == 30
    assert refused[-1].faults == ["All places for screens are taken. Look at the big screen."]


async def test_the_teacher_gets_in_where_all_places_of_the_school_are_taken(
    school: School, room: Visitors, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school.site.classes, "most_sockets", 20)
    one, other = (school.site.classes.start(LESSON, "Li") for _ in range(2))
    await crowd.join(one.code, 20)
    lead = await room.connect(other.code, "lead", teacher="Li")
    await lead.sees(leads=True)
    assert school.site.classes.sockets == 20
    (gone,) = [screen for screen in crowd.screens if screen.faults]
    assert await gone.ends() == 4503


async def test_there_are_no_more_classes_than_may_be(school: School) -> None:
    for _ in range(20):
        school.site.classes.start(LESSON, "Li")
    with pytest.raises(ExhaustedError, match="20 classes are running already"):
        school.site.classes.start(LESSON, "Li")


async def test_who_does_not_read_is_closed_and_holds_up_nobody(
    room: Visitors, running: RunningClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_client.portal.classes.connection.SEND_SECONDS", 0.5)
    lead = await room.connect(running.code, "lead", teacher="Li")
    await lead.sees(leads=True)
    origin = room.origin
    host, port = origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        f"GET /class/socket?code={running.code}&as=pupil HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Origin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    await lead.sees(pupils=1)
    (deaf,) = (one for one in running.connections.values() if one.member.role == "pupil")
    await flood(deaf, running)
    await lead.sees(pupils=0)
    await lead.order("play")
    await lead.sees(phase="playing")
    writer.transport.abort()


async def flood(deaf: Connection, running: RunningClass) -> None:
    """Send more than any buffer on the way takes, until it is let go."""
    async with asyncio.timeout(30):
        while deaf in running.connections.values():
            deaf.fault("x" * 100_000)
            await asyncio.sleep(0.01)


async def test_of_views_only_the_latest_waits(running: RunningClass, room: Visitors) -> None:
    lead = await room.connect(running.code, "lead", teacher="Li")
    await lead.sees(leads=True)
    seen = len(lead.heard)
    for _ in range(500):
        running._tell_all()  # noqa: SLF001 - faster than anybody can order
    await lead.order("play")
    await lead.sees(phase="playing")
    assert len(lead.heard) - seen < 10


async def test_guesses_are_answered_later_and_others_are_not_held_up(
    room: Visitors, running: RunningClass, school: School
) -> None:
    wrong = [f"{number:04}" for number in range(30) if f"{number:04}" != running.code]
    answers = [await school.client.get(f"/class/{code}.json") for code in wrong[:12]]
    assert [one.status_code for one in answers] == [404] * 10 + [429] * 2
    assert answers[-1].json()["error"].startswith("Those were too many wrong codes.")
    assert answers[-1].headers["Retry-After"]
    page = await school.client.get(f"/class/{running.code}", headers={"Accept-Language": "zh"})
    assert page.status_code == 429
    assert "输错的课堂码太多" in page.text
    screen = await room.connect(running.code, "pupil")
    assert (await screen.fault()).startswith("Those were too many wrong codes.")
    assert await screen.ends() == 4429


def test_an_address_may_give_ten_wrong_codes_a_minute() -> None:
    guesses = Guesses()
    for _ in range(10):
        assert guesses.may_try("a", "0001", 0)
        guesses.was_wrong("a", 0)
    assert not guesses.may_try("a", "0001", 0)
    assert guesses.may_try("b", "0001", 0)
    assert not guesses.may_try("a", "0001", MINUTE / 10 - 1)
    assert guesses.may_try("a", "0001", MINUTE / 10)


def test_many_addresses_together_are_limited_but_not_those_that_were_right() -> None:
    guesses = Guesses()
    guesses.was_right("tablet", "0007")
    for number in range(200):
        guesses.was_wrong(f"address {number}", 0)
    assert not guesses.may_try("stranger", "0001", 0)
    assert guesses.may_try("tablet", "0001", 0)
    assert guesses.may_try("stranger", "0001", MINUTE)


def test_who_gave_a_code_rightly_may_always_give_it_again() -> None:
    guesses = Guesses()
    guesses.was_right("router", "0007")
    for _ in range(10):
        guesses.was_wrong("router", 0)
    assert guesses.may_try("router", "0007", 0)
    assert not guesses.may_try("router", "0008", 0)


def test_what_is_remembered_of_guessers_is_bounded() -> None:
    guesses = Guesses()
    for number in range(10_000):
        guesses.was_wrong(f"address {number}", number)
        guesses.was_right(f"address {number}", "0001")
    assert max(len(guesses._left), len(guesses._known)) <= 2001  # noqa: SLF001 - not seen otherwise
