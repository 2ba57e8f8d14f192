"""A channel in a real browser: pages in step, across boundaries, restarts, edits and the night."""

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from cache import durable
from cache.school_clock import FILE_NAME
from cache.state import StateDirectory
from core import pins
from core.school_time import Memory
from edge_client.config import NodeConfig
from tests.support.air import NINE, clock_at, make_school, rendition, slot, timetable
from tests.support.numbered import RATE, READ, make_numbered_rendition
from tests.support.portal import CONFIG, School, serving
from tests.support.teaching import PIN, add_teacher

pytestmark = pytest.mark.browser
SEGMENT = 4 * RATE


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    lessons = {
        "a": [rendition(1, 60.0, True, 96)],
        "b": [rendition(2, 40.0, False, 64)],
    }
    state = make_school(tmp_path / "state", lessons)
    timetable(state, slot(0, "a"), slot(1, "b"))
    return state


async def tune_in(browser: Browser, school: School) -> Page:
    page = await browser.new_page(base_url=school.origin, locale="en")
    await page.goto("/air/g5")
    await page.locator("#begin").click()
    return page


async def read(page: Page) -> list[int] | None:
    found: list[int] | None = await page.evaluate(f"({READ})(document.querySelector('video'))")
    return found


async def all_show(pages: list[Page], video: int, seconds: float = 60) -> int:
    """Wait until all pages show a video; give by how many frames they differ at most."""
    found: list[list[int] | None] = []
    for _ in range(round(seconds * 5)):
        found = await asyncio.gather(*(read(page) for page in pages))
        frames = [one[1] for one in found if one is not None and one[0] == video]
        if len(frames) == len(pages):
            return max(frames) - min(frames)
        await asyncio.sleep(0.2)
    raise AssertionError(found)


def on_port(port: int) -> NodeConfig:
    return dataclasses.replace(CONFIG, portal_listen=("127.0.0.1", port))


async def test_pages_keep_in_step_over_boundaries_restarts_edits_and_the_end_of_the_day(
    browser: Browser, state: StateDirectory
) -> None:
    # So long before the boundary that both pages can tune in.
    clock = clock_at(NINE + timedelta(seconds=25))
    async with serving(state, {}, clock=clock) as school:
        port = school.site.ports.portal
        pages = [await tune_in(browser, school)]
        await all_show(pages, 1)
        pages.append(await tune_in(browser, school))
        assert await all_show(pages, 1) <= SEGMENT
        # A silent lesson of another size follows.
        assert await all_show(pages, 2) <= SEGMENT
    async with serving(state, {}, on_port(port), clock=clock):
        await asyncio.sleep(3)
        assert await all_show(pages, 2) <= SEGMENT
        # No more lessons: the day ends before this one does.
        timetable(state)
        for page in pages:
            await expect(page.locator("#over")).to_contain_text("Nothing is on now", timeout=60_000)
            await expect(page.locator("#over")).to_be_visible(timeout=60_000)
            assert await read(page) is None


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_pages_that_tune_in_a_minute_apart_are_in_step(
    browser: Browser, tmp_path: Path
) -> None:
    lessons = {"a": [rendition(1, 170.0, True, 96)], "b": [rendition(2, 60.0, False, 64)]}
    state = make_school(tmp_path / "state", lessons)
    timetable(state, slot(0, "a", 2), slot(2, "b"))
    clock = clock_at(NINE + timedelta(seconds=5))
    async with serving(state, {}, clock=clock) as school:
        pages = [await tune_in(browser, school)]
        await all_show(pages, 1)
        await asyncio.sleep(60)
        pages.append(await tune_in(browser, school))
        apart = [await all_show(pages, 1)]
        for _ in range(20):
            await asyncio.sleep(1)
            apart.append(await all_show(pages, 1))
        apart.append(await all_show(pages, 2, 90))
        assert max(apart) <= SEGMENT
        assert sorted(apart)[len(apart) // 2] <= RATE


async def place_shown(page: Page) -> tuple[float, float]:
    """Give where in the lesson a page is, and where it is to be, in seconds."""
    found, now = await page.evaluate(
        "fetch('/air/g5.json').then((one) => one.json())"
        f".then((state) => [({READ})(document.querySelector('video')), state.at])"
    )
    return found[1] / RATE, now / 1000 - NINE.timestamp() - 4


async def test_after_a_reboot_a_teachers_one_tap_starts_every_page_at_the_right_place(
    browser: Browser, state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pins, "_COST", 2)
    # What the node remembers from before the reboot.
    memory = Memory(reached=NINE.timestamp() + 10)
    durable.write_file(state.root / FILE_NAME, msgspec.json.encode(memory))
    clock = clock_at(NINE - timedelta(days=20_000))
    clock.shift.synchronised = False
    async with serving(state, {}, clock=clock) as school:
        add_teacher(state)
        pupil = await browser.new_page(base_url=school.origin, locale="en")
        await pupil.goto("/air/g5")
        await expect(pupil.locator("#waits")).to_contain_text("does not know what time it is")
        await expect(pupil.get_by_role("button", name="Yes")).to_be_hidden()
        teacher = await (await browser.new_context(base_url=school.origin, locale="en")).new_page()
        await teacher.goto("/air/g5")
        await teacher.get_by_role("link", name="Sign in to answer").click()
        await teacher.get_by_label("Your PIN").fill(PIN)
        await teacher.get_by_role("button", name="Sign in").click()
        question = teacher.get_by_role("heading", name="It is Wednesday 25 November 09:00, right?")
        await expect(question).to_be_visible()
        assert (await Axe().run(teacher)).response["violations"] == []
        # The tap.
        await teacher.get_by_role("button", name="Yes").click()
        for page in (teacher, pupil):
            await expect(page.locator("#player")).to_be_visible(timeout=30_000)
            # The browser may want one more before it plays with sound.
            await page.evaluate("document.getElementById('begin').click()")
        assert await all_show([teacher, pupil], 1) <= SEGMENT
        # A page may begin anywhere within a segment, and then goes to its place.
        await asyncio.sleep(6)
        for page in (teacher, pupil):
            place, wanted = await place_shown(page)
            # The lesson itself begins at a segment's boundary.
            assert -4.5 < place - wanted < 0.5


async def test_when_a_lesson_ends_the_words_are_of_what_follows(
    browser: Browser, state: StateDirectory
) -> None:
    clock = clock_at(NINE + timedelta(seconds=25))
    async with serving(state, {}, clock=clock) as school:
        timetable(state, slot(0, "a"), slot(60, "b"))
        page = await tune_in(browser, school)
        await all_show([page], 1)
        # Near the end, as a hidden page looks by the clock after half a minute.
        await asyncio.sleep((NINE + timedelta(seconds=48) - clock.wall()).total_seconds())
        # No more looks by the clock, only those that the page makes itself.
        await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
        await expect(page.locator("#over")).to_be_visible(timeout=90_000)
        await expect(page.locator("#over")).not_to_contain_text(
            "begins in a moment", timeout=10_000
        )


async def test_what_cannot_be_played_is_told_and_tried_again(
    browser: Browser, state: StateDirectory
) -> None:
    async with serving(state, {}, clock=clock_at(NINE + timedelta(seconds=5))) as school:
        page = await browser.new_page(base_url=school.origin, locale="en")
        await page.route("**/media/*.mp4", lambda route: route.fulfill(status=404))
        await page.route("**/air/slate/**", lambda route: route.fulfill(status=404))
        await page.goto("/air/g5")
        await expect(page.locator("#trouble")).to_be_visible(timeout=30_000)
        await expect(page.locator("#trouble")).to_contain_text("tries again by itself")
        await page.unroute_all()
        # The browser may want a tap before it plays with sound.
        await page.evaluate("document.getElementById('begin').click()")
        await all_show([page], 1)
        await expect(page.locator("#trouble")).to_be_hidden()


LOOKS = [
    (locale, scheme, width)
    for locale in ("zh-CN", "en")
    for scheme in ("light", "dark")
    for width in (360, 768, 1920)
]
USUAL = (LOOKS[0], LOOKS[-1])


async def barriers(browser: Browser, school: School, look: tuple[str, str, int]) -> list[str]:
    """Look over the room's pages as they are now."""
    locale, scheme, width = look
    context = await browser.new_context(
        base_url=school.origin,
        locale=locale,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
    )
    page, found = await context.new_page(), []
    for address in ("/air/", "/air/g5", "/air/g5?as=sound", "/air/g5?as=last30"):
        await page.goto(address)
        await expect(page.locator("main h1")).to_be_visible()
        broken = (await Axe().run(page)).response["violations"]
        found += [f"{address}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in broken]
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{address} is {wide} pixels too wide"] * (wide > 0)
    await context.close()
    return found


@pytest.mark.parametrize(
    "looks",
    [USUAL, pytest.param([one for one in LOOKS if one not in USUAL], marks=pytest.mark.slow)],
    ids=["usual", "all"],
)
@pytest.mark.parametrize("knows", [True, False], ids=["on", "waits"])
async def test_its_pages_have_no_barriers(
    browser: Browser, tmp_path: Path, looks: list[tuple[str, str, int]], knows: bool
) -> None:
    here, later = make_numbered_rendition(12.0), make_numbered_rendition(8.0, path="later.mp4")
    state = make_school(tmp_path / "look", {"a": [here], "b": [later]}, frozenset({"later.mp4"}))
    timetable(state, slot(-60, "a", repeat=True), slot(0, "b", 40), slot(60, "a"))
    clock = clock_at(NINE + timedelta(minutes=2 if knows else -20_000_000))
    clock.shift.synchronised = knows
    add_teacher(state)
    async with serving(state, {}, clock=clock) as school:
        await school.site.usage.secrets()
        await school.site.air.move()
        for look in looks:
            assert await barriers(browser, school, look) == []
