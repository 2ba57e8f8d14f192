"""A channel in a real browser: pages in step, across boundaries, restarts, edits and the night."""

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from cache.state import StateDirectory
from edge_client.config import NodeConfig
from tests.support.air import NINE, clock_at, make_school, rendition, slot, timetable
from tests.support.numbered import RATE, READ
from tests.support.portal import CONFIG, School, serving
from tests.support.teaching import TEACHER, add_teacher

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
    clock = clock_at(NINE + timedelta(seconds=42))
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
            await expect(page.locator("#over")).to_be_visible()
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


async def test_a_channel_waits_for_the_time_and_begins_by_itself(
    browser: Browser, state: StateDirectory
) -> None:
    clock = clock_at(NINE - timedelta(days=20_000))
    clock.shift.synchronised = False
    async with serving(state, {}, clock=clock) as school:
        add_teacher(state)
        page = await browser.new_page(base_url=school.origin, locale="en")
        await page.goto("/air/g5")
        await expect(page.locator("#waits")).to_contain_text("does not know what time it is")
        await expect(page.get_by_role("link", name="I am a teacher")).to_be_visible()
        # What the teacher's tap does.
        await school.site.time.confirm("2026-11-25T09:00", TEACHER)
        await expect(page.locator("#player")).to_be_visible(timeout=30_000)
        # The browser may want a tap before it plays with sound.
        await page.evaluate("document.getElementById('begin').click()")
        await all_show([page], 1)
        found, now = await page.evaluate(
            "fetch('/air/g5.json').then((one) => one.json())"
            f".then((state) => [({READ})(document.querySelector('video')), state.at])"
        )
        place = now / 1000 - NINE.timestamp()
        assert abs(found[1] / RATE - (place - 4)) < 4
