"""The numbers that tests burn into pictures can be read in a browser."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser

from cache.state import StateDirectory
from tests.support.course import PACK, make_course, make_png
from tests.support.numbered import RATE, READ, make_numbered
from tests.support.portal import serving

pytestmark = pytest.mark.browser


async def test_a_frame_is_read_off_the_video(browser: Browser, tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state")
    digests = make_course(state.root, make_numbered(30.0, video=201), make_png())
    async with serving(state, digests) as school:
        page = await browser.new_page(base_url=school.origin)
        await page.goto(f"/packs/{PACK}/video")
        for second in (3, 27):
            place = second + 0.5 / RATE
            await page.evaluate(f"document.querySelector('video').currentTime = {place}")
            for _ in range(800):
                found = await page.evaluate(f"({READ})(document.querySelector('video'))")
                if found == [201, second * RATE]:
                    break
                await asyncio.sleep(0.05)
            assert found == [201, second * RATE]
