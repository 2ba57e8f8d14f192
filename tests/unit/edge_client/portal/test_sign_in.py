"""Signing in: who may, for how long, and how guessing is slowed down."""

import asyncio
import re

import pytest

from cache.state import StateDirectory
from core import pins
from core.errors import ExhaustedError
from edge_client.portal.pin_limits import PinLimits
from edge_client.portal.server import running
from edge_client.portal.teachers import COOKIE
from tests.support.clock import FixedClock
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, School, browser, serving
from tests.support.teaching import (
    PIN,
    TEACHER,
    add_teacher,
    post,
    remove_teacher,
    seal_of,
    sign_in,
)

PAGE = "/teacher/sign-in"


@pytest.fixture(autouse=True)
def quick_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "_COST", 2)


async def who(school: School) -> str | None:
    """Ask as whom the client's device is signed in."""
    return await school.site.teachers.of(school.client.cookies.get(COOKIE))


async def test_without_teachers_the_page_says_who_adds_them(school: School) -> None:
    text = (await school.client.get(PAGE)).text
    assert "press 5, then a" in text
    assert "<form" not in text


async def test_a_right_pin_signs_the_device_in_and_goes_back(school: School) -> None:
    add_teacher(school.state)
    answer = await post(school, PAGE, page=PAGE, name=TEACHER, pin=PIN, back="/packs/x?y=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packs/x?y=1")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert await who(school) == TEACHER


async def test_all_pages_that_a_device_opens_at_once_know_the_teacher(
    state: StateDirectory,
) -> None:
    make_state(state.root)
    add_teacher(state)
    async with serving(state, {}) as school:
        await sign_in(school)
        cookie = school.client.cookies.get(COOKIE)
    async with serving(state, {}) as school:
        of = school.site.teachers.of
        assert await asyncio.gather(*(of(cookie) for _ in range(5))) == [TEACHER] * 5


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil", "https://evil.example", ""])
async def test_nobody_is_sent_elsewhere(school: School, back: str) -> None:
    add_teacher(school.state)
    answer = await post(school, PAGE, page=PAGE, name=TEACHER, pin=PIN, back=back)
    assert answer.headers["Location"] == "/teacher"


@pytest.mark.parametrize("pin", ["0000", "", "27499999999999", "２７４９", "27 49", "\x00"])
async def test_a_wrong_pin_is_said(school: School, pin: str) -> None:
    add_teacher(school.state)
    answer = await sign_in(school, pin=pin)
    assert answer.status_code == 403
    assert "This is not the PIN of this teacher." in answer.text
    assert "teacher" not in answer.cookies
    assert await who(school) is None


@pytest.mark.parametrize("name", ["", "nobody", "王老师\u200b", "x" * 5000])
async def test_an_unknown_name_is_asked_again(school: School, name: str) -> None:
    add_teacher(school.state)
    answer = await sign_in(school, name=name)
    assert answer.status_code == 422
    assert "Choose your name first." in answer.text


async def test_names_are_shown_harmless(school: School) -> None:
    add_teacher(school.state, "<b>O'Neil\u202e</b>")
    text = (await school.client.get(PAGE)).text
    assert "<b>" not in text
    assert "&lt;b&gt;O&#39;Neil&lt;/b&gt;</span>" in text


async def test_guessing_a_teachers_pin_has_to_wait_in_words(school: School) -> None:
    add_teacher(school.state)
    seen = [await sign_in(school, pin="1") for _ in range(6)]
    assert {answer.status_code for answer in seen} == {403}
    answer = await sign_in(school)
    assert answer.status_code == 429
    assert re.search(r"too many wrong PINs for this teacher. Wait 3 minutes", answer.text)
    assert await who(school) is None


async def test_guessing_from_one_device_has_to_wait_for_any_name(school: School) -> None:
    for number in range(4):
        add_teacher(school.state, f"T{number}")
    for number in range(10):
        await sign_in(school, f"T{number % 3}", "1")
    answer = await sign_in(school, "T3")
    assert answer.status_code == 429
    assert "too many wrong PINs from this device. Wait 1 minute," in answer.text


def test_a_teacher_known_at_an_address_is_not_shut_out_by_others() -> None:
    limits = PinLimits()
    assert limits.take("10.0.0.1", "A", 0) is None
    limits.was_right("10.0.0.1", "A", 0)
    for number in range(20):
        limits.take(f"10.0.1.{number}", "A", 1)
    assert limits.take("10.0.2.1", "A", 2)
    assert limits.take("10.0.0.1", "A", 2) is None


def test_right_pins_cost_nothing_and_wrong_ones_come_back_with_time() -> None:
    limits = PinLimits()
    for _ in range(100):
        assert limits.take("10.0.0.1", "A", 0) is None
        limits.was_right("10.0.0.1", "A", 0)
    for _ in range(6):
        assert limits.take("10.0.0.2", "A", 0) is None
    assert limits.take("10.0.0.2", "A", 0)
    assert limits.take("10.0.0.2", "A", 181) is None
    assert limits.take("10.0.0.2", "A", 181)


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    limits = PinLimits()
    for number in range(6000):
        limits.take(f"10.0.{number}", "A", 0)
        limits.was_right(f"10.0.{number}", "A", 0)
    assert len(limits) <= 4000


async def test_a_form_without_origin_or_token_is_refused(school: School) -> None:
    add_teacher(school.state)
    form = {**seal_of((await school.client.get(PAGE)).text), "name": TEACHER, "pin": PIN}
    for headers, fields in (
        ({}, form),
        ({"Origin": "http://evil.example"}, form),
        ({"Origin": school.origin}, {**form, "token": "0" * 64}),
        ({"Origin": school.origin}, {**form, "session": "0" * 16}),
        ({"Origin": school.origin}, {"name": TEACHER, "pin": PIN}),
    ):
        answer = await school.client.post(PAGE, data=fields, headers=headers)
        assert answer.status_code == 403
    assert await who(school) is None


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 400),
        ("text/plain", b"name=x", 400),
        ("application/x-www-form-urlencoded; charset=nonsense", b"name=x", 400),
        ("application/x-www-form-urlencoded", b"name=" + b"x" * 20_000, 413),
        ("application/x-www-form-urlencoded", b"\xff\x00%ff%00", 400),
    ],
)
async def test_what_is_no_form_is_refused(
    school: School, kind: str, body: bytes, status: int
) -> None:
    headers = {"Origin": school.origin, "Content-Type": kind}
    answer = await school.client.post(PAGE, content=body, headers=headers)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


async def test_signing_out_ends_it_for_a_copy_of_the_cookie_too(school: School) -> None:
    add_teacher(school.state)
    await sign_in(school)
    copy = school.client.cookies.get(COOKIE)
    answer = await post(school, "/teacher/sign-out", page=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert school.client.cookies.get(COOKIE) is None
    assert await school.site.teachers.of(copy) is None


async def test_two_devices_are_signed_in_and_out_apart(school: School) -> None:
    add_teacher(school.state)
    async with browser(school.site.ports.portal) as other:
        await sign_in(school)
        await sign_in(school, client=other)
        await post(school, "/teacher/sign-out", page=PAGE, client=other)
        assert await who(school) == TEACHER


async def test_a_removed_teacher_and_another_pin_end_it(state: StateDirectory) -> None:
    add_teacher(make_state(state.root))
    clock = FixedClock()
    async with serving(state, {}, clock=clock) as school:
        await sign_in(school)
        add_teacher(state, pin="8317")
        clock.advance(2)
        assert await who(school) is None

        assert (await sign_in(school, pin="8317")).status_code == 303
        assert await who(school) == TEACHER
        remove_teacher(state)
        clock.advance(2)
        assert await who(school) is None


async def test_it_survives_a_restart_of_the_portal(state: StateDirectory, school: School) -> None:
    add_teacher(state)
    await sign_in(school)
    cookie = school.client.cookies.get(COOKIE)
    async with running(state, CONFIG) as again:
        assert await again.teachers.of(cookie) == TEACHER
        assert await again.teachers.of("0" * 32) is None


async def test_it_ends_after_twelve_hours_and_with_an_unsure_clock_at_a_reboot(
    state: StateDirectory,
) -> None:
    clock = FixedClock()
    add_teacher(make_state(state.root))
    async with serving(state, {}, clock=clock) as other:
        await sign_in(other)
        clock.advance(11 * 3600)
        assert await who(other) == TEACHER
        clock.reboot()
        clock.advance(600)
        assert await who(other) == TEACHER
        clock.set_wall(clock.wall(), synchronised=False)
        assert await who(other) is None
        clock.set_wall(clock.wall(), synchronised=True)
        clock.advance(3600)
        assert await who(other) is None


async def test_a_journal_that_cannot_be_written_keeps_nobody_out(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_teacher(school.state)
    monkeypatch.setattr(school.site.usage, "_require_space", _full)
    assert (await sign_in(school)).status_code == 303
    assert await who(school) == TEACHER


def _full() -> None:
    raise ExhaustedError("The disk is full.")
