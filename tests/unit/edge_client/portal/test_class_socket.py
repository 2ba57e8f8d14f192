"""A class over real WebSockets."""

import json
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from core.class_messages import MAX_MESSAGE_BYTES
from edge_client.portal import teachers
from edge_client.portal.classes.running import RunningClass
from tests.support.classes import LESSON, Screen, Visitors, add_teachers, visitors
from tests.support.portal import School
from tests.support.teaching import remove_teacher


@pytest.fixture
async def room(school: School) -> AsyncIterator[Visitors]:
    add_teachers(school.state, "Li", "Wang")
    async with visitors(school.origin, school.site) as opened:
        yield opened


@pytest.fixture
async def running(school: School) -> RunningClass:
    return school.site.classes.start(LESSON, "Li")


@pytest.fixture
async def lead(room: Visitors, running: RunningClass) -> Screen:
    screen = await room.connect(running.code, "lead", teacher="Li")
    await screen.sees(leads=True)
    return screen


async def test_orders_of_the_lead_reach_every_screen(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    big, tablet = [await room.connect(running.code, role) for role in ("screen", "pupil")]
    await lead.sees(screens=1, pupils=1, phase="waiting", lead="Li", length=60_000)
    await lead.order("play")
    for one in (lead, big, tablet):
        view = await one.sees(phase="playing")
        assert (view["position"], view["next_cue"]) == (0, 0)
    assert (big.view["lead"], big.view["leads"], big.view["sound"]) == ("", False, big.view["you"])
    await lead.order("seek", 20_000)
    await tablet.sees(phase="playing", next_cue=1, cue=0)
    await lead.order("pause")
    view = await big.sees(phase="paused")
    assert 20_000 <= view["position"] < 30_000


async def test_it_stops_at_a_cue_by_itself(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    await lead.order("seek", 9_900)
    await lead.order("play")
    view = await lead.sees(phase="cue")
    assert (view["position"], view["cue"], view["next_cue"]) == (10_000, 0, 1)
    await lead.order("play")
    await lead.sees(phase="playing", cue=0)
    late = await room.connect(running.code, "pupil")
    assert (await late.sees(phase="playing"))["position"] >= 10_000


async def test_pings_are_answered_with_the_portals_clock(lead: Screen, school: School) -> None:
    before = school.site.classes.now()
    await lead.send(type="ping", id=7)
    pong = await lead.until(lambda one: one["type"] == "pong")
    assert pong["id"] == 7
    assert before <= pong["now"] <= school.site.classes.now()


async def test_a_pupil_who_orders_is_told_and_then_closed(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    pupil = await room.connect(running.code, "pupil")
    await pupil.order("play")
    assert await pupil.fault() == "Only the teacher leads this class."
    for _ in range(4):
        await pupil.order("end")
    assert await pupil.ends() == 4403
    await lead.order("play")
    await lead.sees(phase="playing")


@pytest.mark.parametrize(
    "junk", [b"", b"no json", b"[" * 500, b"\xff\xfe", b" " * (MAX_MESSAGE_BYTES + 1),
             json.dumps({"type": "view", "revision": 5}).encode()],
    ids=["nothing", "text", "deep", "no text", "large", "the portal's own"],
)  # fmt: skip
async def test_junk_is_answered_with_a_sentence_and_then_closed(
    room: Visitors, running: RunningClass, lead: Screen, junk: bytes
) -> None:
    pupil = await room.connect(running.code, "pupil", language="zh")
    for _ in range(5):
        await pupil.socket.send_bytes(junk)
    assert "看不懂" in await pupil.fault()
    assert await pupil.ends() == 4400
    await lead.order("play")
    await lead.sees(phase="playing")


async def test_a_message_beyond_all_bounds_closes_its_sender_alone(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    pupil = await room.connect(running.code, "pupil")
    await pupil.socket.send_bytes(b" " * 100_000)
    assert await pupil.ends() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    await lead.order("play")
    await lead.sees(phase="playing")


async def test_who_sends_too_much_is_closed(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    pupil = await room.connect(running.code, "pupil")
    for number in range(100):
        await pupil.send(type="ping", id=number)
    assert await pupil.ends() == 4429
    assert pupil.faults[-1] == "This device sends too much at once."
    await lead.sees(pupils=0)


async def test_orders_that_cannot_be_obeyed_are_said(lead: Screen) -> None:
    await lead.order("pause")
    assert await lead.fault() == "The class is stopped already."
    await lead.order("previous")
    await lead.until(lambda one: "no further cue" in one.get("text", ""))
    await lead.order("rate", 300)
    await lead.until(lambda one: "cannot be set" in one.get("text", ""))


async def test_another_teacher_takes_over_and_the_first_is_told(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    other = await room.connect(running.code, "lead", teacher="Wang")
    assert (await other.sees(leads=False))["lead"] == "Li"
    await other.order("play")
    assert "Take over" in await other.fault()
    await other.order("lead")
    await other.sees(leads=True, lead="Wang")
    assert await lead.fault() == "Another screen leads this class now."
    await lead.sees(leads=False, lead="Wang")
    await lead.order("play")
    await lead.until(lambda one: "Take over" in one.get("text", ""))
    await other.order("play")
    await lead.sees(phase="playing")


async def test_a_device_of_the_same_teacher_leads_when_the_first_is_gone(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    await lead.close()
    other = await room.connect(running.code, "lead", teacher="Li")
    await other.sees(leads=True, lead="Li")


async def test_a_page_that_connects_again_keeps_number_and_lead(
    room: Visitors, running: RunningClass
) -> None:
    key = "00112233445566aa"
    first = await room.connect(running.code, "lead", teacher="Li", key=key)
    number = (await first.sees(leads=True))["you"]
    again = await room.connect(running.code, "lead", teacher="Li", key=key)
    assert await first.ends() == 4409
    await again.sees(leads=True, you=number)


async def test_the_sound_moves_on_when_its_screen_leaves(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    first, second = [await room.connect(running.code, "screen") for _ in range(2)]
    numbers = [(await one.sees(screens=2))["you"] for one in (first, second)]
    assert second.view["sound"] == numbers[0]
    await lead.order("sound", numbers[1])
    await first.sees(sound=numbers[1])
    await second.close()
    await first.sees(sound=numbers[0])
    await lead.order("sound", 999)
    assert await lead.fault() == "This screen is not connected any more."


async def test_a_screen_in_trouble_is_counted_for_the_lead(
    room: Visitors, running: RunningClass, lead: Screen
) -> None:
    tablet = await room.connect(running.code, "pupil")
    await tablet.send(type="here", position=0, state="blocked")
    await lead.sees(troubled=1)
    assert tablet.view["troubled"] == 0


async def test_the_leading_page_alone_tells_a_length_that_is_not_known(
    room: Visitors, school: School
) -> None:
    lesson = msgspec.structs.replace(LESSON, length=0)
    one = school.site.classes.start(lesson, "Li")
    lead, watcher = [await room.connect(one.code, "lead", teacher=name) for name in ("Li", "Wang")]
    big, tablet = [await room.connect(one.code, role) for role in ("screen", "pupil")]
    await lead.sees(leads=True, length=0, screens=1, pupils=1)
    for screen in (watcher, big, tablet):
        await screen.send(type="here", position=0, state="ready", length=5000)
    await lead.order("seek", 20_000)
    await lead.order("play")
    assert (await lead.sees(phase="playing"))["length"] == 0
    await lead.send(type="here", position=20_000, state="ready", length=21_000)
    view = await tablet.sees(phase="paused")
    assert (view["length"], view["position"], view["next_cue"]) == (21_000, 21_000, -1)


async def test_the_end_closes_every_screen(
    room: Visitors, running: RunningClass, lead: Screen, school: School
) -> None:
    tablet = await room.connect(running.code, "pupil")
    await lead.order("end")
    assert [await one.ends() for one in (lead, tablet)] == [4410, 4410]
    assert (lead.view["phase"], tablet.view["phase"]) == ("ended", "ended")
    assert school.site.classes.find(running.code) is None


@pytest.mark.parametrize(("query", "status"), [("code={code}&as=king", 400), ("code={code}", 400)])
async def test_a_socket_without_a_role_is_refused(
    school: School, running: RunningClass, query: str, status: int
) -> None:
    answer = await school.client.get(
        f"/class/socket?{query.format(code=running.code)}", headers={"Origin": school.origin}
    )
    assert answer.status_code == status


async def test_another_origin_is_refused(school: School, running: RunningClass) -> None:
    async with aiohttp.ClientSession() as session:
        for origin in (
            "http://evil.example",
            "null",
            f"http://127.0.0.1:{school.site.ports.content}",
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(
                    f"{school.origin}/class/socket?code={running.code}&as=pupil",
                    headers={"Origin": origin},
                )
            assert refused.value.status == 403


async def test_a_wrong_code_is_said(room: Visitors, running: RunningClass) -> None:
    wrong = f"{(int(running.code) + 1) % 10_000:04}"
    for code in (wrong, "", "abcd", "１２３４"):
        screen = await room.connect(code, "pupil")
        assert (await screen.fault()).startswith("There is no class with this code.")
        assert await screen.ends() == 4404


async def test_only_a_teacher_may_lead(room: Visitors, running: RunningClass) -> None:
    screen = await room.connect(running.code, "lead")
    assert await screen.fault() == "Sign in as a teacher to lead a class."
    assert await screen.ends() == 4401


async def test_a_teacher_who_was_removed_leads_no_longer(
    room: Visitors,
    running: RunningClass,
    lead: Screen,
    school: School,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(teachers, "_TRUST_SECONDS", 0.0)
    await lead.order("play")
    await lead.sees(phase="playing")
    remove_teacher(school.state, "Li")
    await lead.order("pause")
    assert await lead.fault() == "Sign in as a teacher to lead a class."
    assert await lead.ends() == 4401
    assert running.session.phase == "playing"
    other = await room.connect(running.code, "lead", teacher="Wang")
    await other.order("lead")
    await other.sees(leads=True)
