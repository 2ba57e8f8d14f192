"""A lesson in several qualities in a real browser: pictures in time, the place kept."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
from playwright.async_api import Browser, Page

from cache.blobs import BlobStore
from core.digest import digest_of
from core.rendition import Picture
from tests.support.course import make_png
from tests.support.nodes import activate, make_state, opened
from tests.support.packs import make_manifest
from tests.support.portal import School, serving
from tests.support.renditions import make_rendition, make_source
from tests.support.waiting import until

pytestmark = pytest.mark.browser

PACK: Final = "gd/zhuhai/math"
PAGE: Final = f"/packs/{PACK}/one"
STILLS: Final = ("01.audio/0001.png", "01.audio/0002.png")


@pytest.fixture(scope="session")
def lesson() -> tuple[dict[str, bytes], list]:  # type: ignore[type-arg] # of renditions
    source = make_source(8)
    video, best = make_rendition(source)
    sound, audio = make_rendition(source, name="audio")
    pictures = [Picture(0, STILLS[0]), Picture(3000, STILLS[1])]
    files = {
        best.path: video,
        audio.path: sound,
        STILLS[0]: make_png(),
        STILLS[1]: make_png() + b"2",
    }
    return files, [best, msgspec.structs.replace(audio, pictures=pictures)]


@pytest.fixture
async def school(tmp_path: Path, lesson: tuple) -> AsyncIterator[School]:  # type: ignore[type-arg] # as above
    files, renditions = lesson
    state = make_state(tmp_path / "state")
    made = make_manifest(
        files, {"one": sorted(files)}, renditions={"one": renditions}, kind="video"
    )
    blobs = BlobStore(state.blobs)
    with opened(state) as catalogue:
        activate(state, catalogue, made)
        catalogue.blobs_arrived([blobs.add(data) for data in files.values()])
    async with serving(state, {path: digest_of(data) for path, data in files.items()}) as one:
        yield one


@pytest.fixture
async def page(browser: Browser, school: School) -> Page:
    context = await browser.new_context(base_url=school.origin, locale="en")
    return await context.new_page()


async def test_pictures_follow_the_sound_and_another_quality_goes_on_at_the_same_place(
    page: Page, school: School
) -> None:
    await page.goto(f"{PAGE}?rendition=audio")
    still = "document.getElementById('still').getAttribute('src')"
    await until(page, "document.querySelector('audio').readyState > 0")
    assert await page.evaluate("document.querySelector('audio').duration") == pytest.approx(8, 0.1)
    assert await page.evaluate(still) == school.media(STILLS[0], "png")
    await page.evaluate("document.querySelector('audio').currentTime = 5")
    await until(page, f"{still}.includes('{school.digests[STILLS[1]]}')")
    await page.evaluate("document.querySelector('audio').currentTime = 1")
    await until(page, f"{still}.includes('{school.digests[STILLS[0]]}')")
    await page.evaluate("document.querySelector('audio').currentTime = 4")
    await until(page, "document.querySelector('audio').currentTime === 4")
    await page.click(".quality a")
    await until(page, "document.querySelector('video').currentTime === 4")
    await page.evaluate("document.querySelector('video').muted = true")
    await page.evaluate("document.querySelector('video').play()")
    await until(page, "document.querySelector('video').currentTime > 4.5")


@pytest.mark.parametrize("wish", ["", "audio"])
async def test_it_plays_without_scripts(browser: Browser, school: School, wish: str) -> None:
    context = await browser.new_context(
        base_url=school.origin, locale="zh-CN", java_script_enabled=False,
        viewport={"width": 360, "height": 640},
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(f"{PAGE}?rendition={wish}")
    medium = "audio" if wish else "video"
    assert await page.locator(f".stage {medium}[controls]").count() == 1
    assert await page.locator(".quality a").count() == 1
    assert await page.locator(".quality strong").inner_text() in {"声音和图片", "96p"}
    width = await page.locator("html").evaluate("e => e.scrollWidth")
    assert width <= 360
