"""The portal in a real browser: plays, seeks, records; lessons stay in their sandbox."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import APIResponse, Browser, Page, Route, expect

from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.usage import Recorded, decode_record
from tests.support.course import (
    ITEMS,
    PACK,
    course_files,
    course_manifest,
    install,
    make_course,
    make_mp4,
    make_png,
)
from tests.support.nodes import make_state
from tests.support.portal import School, serving
from tests.support.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def video() -> bytes:
    return make_mp4(20)


@pytest.fixture
async def school(tmp_path: Path, video: bytes) -> AsyncIterator[School]:
    state = StateDirectory(tmp_path / "state")
    digests = make_course(state.root, video, make_png())
    async with serving(state, digests) as one:
        yield one


@pytest.fixture
async def page(browser: Browser, school: School) -> Page:
    """A page of an English browser that knows the portal's address."""
    context = await browser.new_context(base_url=school.origin, locale="en")
    return await context.new_page()


def journal(school: School) -> list[Recorded]:
    reader = JournalReader(school.state.journal)
    return [
        decode_record(row.record)
        for epoch in reader.epochs()
        for row in reader.unsent(epoch.epoch, 0, 10_000)
    ]


async def recorded(
    school: School, verb: str, suits: Callable[[Recorded], bool] = lambda _: True
) -> Recorded:
    """Wait until a statement is durable."""
    for _ in range(200):
        found = [one for one in journal(school) if one.verb == verb and suits(one)]
        if found:
            return found[-1]
        await asyncio.sleep(0.1)
    raise AssertionError([one.verb for one in journal(school)])


async def play(page: Page) -> None:
    await page.evaluate(
        "async () => { const v = document.querySelector('video'); v.muted = true; await v.play(); }"
    )


async def test_a_video_plays_and_seeks_and_the_journal_knows(page: Page, school: School) -> None:
    await page.goto(f"/packs/{PACK}/video")
    await play(page)
    await until(page, "document.querySelector('video').currentTime > 0.5")
    await page.evaluate("document.querySelector('video').currentTime = 12")
    await until(page, "document.querySelector('video').currentTime > 12.3")
    seeked = await recorded(school, "seeked")
    await page.evaluate("document.querySelector('video').pause()")
    paused = await recorded(school, "paused")
    assert 12_000 <= seeked.position < 14_000
    # Where the page last heard that the video was, which it does some times a second.
    assert 0 < seeked.start < 5_000
    assert 12_000 <= paused.start <= seeked.position
    assert paused.position > 12_000
    assert abs(seeked.length - 20_000) < 200
    assert [one.verb for one in journal(school)] == [
        "opened", "initialized", "played", "seeked", "paused",
    ]  # fmt: skip
    assert [one.number for one in journal(school)] == [0, 1, 2, 3, 4]
    assert {(one.pack, one.item, one.version) for one in journal(school)} == {(PACK, "video", 1)}


async def test_the_end_of_a_video_is_completed_once(page: Page, school: School) -> None:
    await page.goto(f"/packs/{PACK}/video")
    await play(page)
    await page.evaluate("document.querySelector('video').currentTime = 19")
    await until(page, "document.querySelector('video').ended")
    await recorded(school, "completed")
    await page.evaluate("document.querySelector('video').currentTime = 18.5")
    await play(page)
    await until(page, "document.querySelector('video').ended")
    await recorded(school, "paused", lambda one: one.start >= 18_000)
    assert [one.verb for one in journal(school)].count("completed") == 1


async def test_leaving_the_page_is_recorded(page: Page, school: School) -> None:
    await page.goto(f"/packs/{PACK}/video")
    await play(page)
    await until(page, "document.querySelector('video').currentTime > 0.3")
    await page.goto("/")
    terminated = await recorded(school, "terminated")
    # As for "seeked": some of it had been heard of.
    assert terminated.position > 0
    assert terminated.start >= 0


@pytest.mark.parametrize("item", ["picture", "sheet", "page", "exercise"])
async def test_other_items_are_opened_and_left_after_a_time(
    page: Page, school: School, item: str
) -> None:
    await page.goto(f"/packs/{PACK}/{item}")
    await recorded(school, "opened", lambda one: one.item == item)
    await page.goto("/")
    terminated = await recorded(school, "terminated", lambda one: one.item == item)
    assert terminated.start == 0
    assert terminated.position > 0


async def test_events_wait_while_the_node_is_away_and_count_once(
    page: Page, school: School
) -> None:
    lost: list[APIResponse] = []

    async def lose_the_answer(route: Route) -> None:
        if len(lost) < 2:
            lost.append(await route.fetch())
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/usage", lose_the_answer)
    await page.goto(f"/packs/{PACK}/video")
    await recorded(school, "initialized")
    await until(
        page, "!Object.keys(localStorage).some((name) => name.startsWith('packhorse-usage-'))"
    )
    assert len(lost) == 2
    assert lost[0].status == 204
    assert [one.verb for one in journal(school)] == ["opened", "initialized"]


async def test_events_that_a_closed_page_could_not_send_come_with_the_next(
    page: Page, school: School
) -> None:
    await page.route("**/usage", lambda route: route.abort())
    await page.goto(f"/packs/{PACK}/picture")
    await until(page, "Object.keys(localStorage).length === 1")
    await page.unroute("**/usage")
    await page.goto(f"/packs/{PACK}/sheet")
    left = await recorded(school, "opened", lambda one: one.item == "picture")
    here = await recorded(school, "opened", lambda one: one.item == "sheet")
    assert left.at < here.at
    assert left.session != here.session


async def test_a_lesson_runs_in_its_sandbox_and_reaches_nothing_else(
    page: Page,
) -> None:
    await page.goto(f"/packs/{PACK}/page")
    inside = page.frame_locator("iframe")
    await inside.locator("body[data-found]").wait_for()
    found = await inside.locator("body").get_attribute("data-found")
    assert found is not None
    assert set(found.split()) == {
        "cookie:SecurityError", "storage:SecurityError", "parent:SecurityError", "own:42",
        "outside:blocked",
    }  # fmt: skip
    assert await inside.locator("h1").evaluate("h => getComputedStyle(h).color") == "rgb(1, 2, 3)"
    assert await inside.locator("img").evaluate("i => i.naturalWidth") == 8


async def test_a_lesson_opened_full_screen_is_no_less_shut_in(page: Page) -> None:
    await page.goto(f"/packs/{PACK}/page")
    async with page.context.expect_page() as opening:
        await page.get_by_text("Open full screen").click()
    lesson = await opening.value
    await lesson.locator("body[data-found]").wait_for()
    found = await lesson.locator("body").get_attribute("data-found")
    assert found is not None
    assert "cookie:SecurityError" in found
    assert "storage:SecurityError" in found
    assert "outside:blocked" in found


async def test_a_lesson_may_frame_pages_of_its_own(
    browser: Browser, tmp_path: Path, video: bytes
) -> None:
    files = course_files(video, make_png())
    files["04-page/index.html"] = b"<!doctype html><iframe src='inner.html'></iframe>"
    files["04-page/inner.html"] = b"<!doctype html><h1>Inside</h1>"
    state = make_state(tmp_path / "other")
    install(state, course_manifest(files), files)
    async with serving(state, {}) as school:
        page = await browser.new_page(base_url=school.origin)
        await page.goto(f"/packs/{PACK}/page")
        inner = page.frame_locator("iframe").frame_locator("iframe")
        await expect(inner.locator("h1")).to_have_text("Inside")


async def test_subtitles_are_offered_and_loaded(
    browser: Browser, tmp_path: Path, video: bytes
) -> None:
    files = course_files(video, make_png())
    files["01 认识分数.zh-Hans.vtt"] = "WEBVTT\n\n00:00.000 --> 00:20.000\n分数\n".encode()
    manifest = course_manifest(files)
    lesson = msgspec.structs.replace(
        manifest.items[0], paths=["01 认识分数.mp4", "01 认识分数.zh-Hans.vtt"]
    )
    state = make_state(tmp_path / "other")
    install(state, msgspec.structs.replace(manifest, items=[lesson]), files)
    async with serving(state, {}) as school:
        page = await browser.new_page(base_url=school.origin)
        await page.goto(f"/packs/{PACK}/video")
        await page.evaluate("document.querySelector('video').textTracks[0].mode = 'showing'")
        await until(page, "document.querySelector('video').textTracks[0].cues?.length === 1")
        found = await page.evaluate(
            "(({label, language, cues}) => [label, language, cues[0].text])"
            "(document.querySelector('video').textTracks[0])"
        )
        assert found == ["简体中文", "zh-Hans", "分数"]


async def test_a_lesson_is_found_without_scripts(browser: Browser, school: School) -> None:
    context = await browser.new_context(
        base_url=school.origin, locale="zh-CN", java_script_enabled=False
    )
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_label("搜索课程").fill("认识")
    await page.get_by_role("button", name="搜索").click()
    await page.get_by_text("认识分数").click()
    await expect(page.locator("video")).to_be_visible()


async def test_a_pdf_is_shown_in_place(page: Page) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    async with page.expect_response("**/media/*.pdf") as answering:
        await page.goto(f"/packs/{PACK}/sheet")
    assert (await answering.value).status == 200
    assert problems == []


async def test_no_page_breaks_its_own_policy(page: Page) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    for path in (
        "/",
        f"/packs/{PACK}",
        *(f"/packs/{PACK}/{item}" for item in ITEMS if item != "page"),
    ):
        await page.goto(path, wait_until="networkidle")
    assert problems == []


async def test_an_open_page_says_when_the_node_is_out_of_reach(page: Page) -> None:
    await page.clock.install()
    await page.goto("/")
    banner = page.locator("#unreachable")
    await expect(banner).to_be_hidden()
    await page.route("**/health", lambda route: route.abort())
    await page.clock.run_for(31_000)
    await expect(banner).to_be_visible()
    await page.unroute("**/health")
    await page.clock.run_for(6_000)
    await expect(banner).to_be_hidden()


async def test_everything_is_usable_without_scripts(browser: Browser, school: School) -> None:
    context = await browser.new_context(
        base_url=school.origin, locale="zh-CN", java_script_enabled=False
    )
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_text("五年级数学上册").click()
    await page.get_by_text("认识分数").click()
    await expect(page.locator("video")).to_be_visible()
    await page.get_by_text("下一课").click()
    await expect(page.locator(".stage img")).to_be_visible()
    await page.get_by_text("English").click()
    await expect(page.locator("h1")).to_have_text("A pie")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_no_page_scrolls_sideways(
    browser: Browser, school: School, width: int, locale: str
) -> None:
    context = await browser.new_context(
        base_url=school.origin, locale=locale, viewport={"width": width, "height": 700}
    )
    page = await context.new_page()
    items = (f"/packs/{PACK}/{item}" for item in ITEMS)
    for path in ("/", f"/packs/{PACK}", *items, "/search?q=a", "/search?q=zz", "/nowhere"):
        await page.goto(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_a_camera_reads_the_address_off_the_screen_in_the_dark_too(
    browser: Browser, school: School, tmp_path: Path
) -> None:
    context = await browser.new_context(base_url=school.origin, color_scheme="dark")
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_role("link", name="QR").click()
    await page.locator(".sheet").screenshot(path=tmp_path / "screen.png")

    assert read_codes(tmp_path / "screen.png") == [f"{school.origin}/"]
    await expect(page.locator(".address")).to_have_text(f"{school.origin}/")


async def test_the_page_with_the_address_prints_on_one_sheet(page: Page, tmp_path: Path) -> None:
    await page.goto("/qr")
    printed = await page.pdf(format="A4")
    await page.emulate_media(media="print")
    await page.screenshot(path=tmp_path / "print.png")

    assert printed.count(b"/Type /Page\n") == 1
    assert len(read_codes(tmp_path / "print.png")) == 1
    await expect(page.get_by_role("navigation")).to_be_hidden()


async def test_an_open_page_follows_a_changed_address(page: Page, school: School) -> None:
    await page.clock.install()
    await page.goto("/qr")
    # As after a change: the node's addresses are no more those that the page was made with.
    await page.evaluate("document.querySelector('[data-follow]').dataset.follow = 'http://old/'")
    await page.clock.run_for(30_000)

    await expect(page.locator("[data-follow]")).to_have_attribute(
        "data-follow", f"{school.origin}/"
    )


def read_codes(picture: Path) -> list[str]:
    """Read all QR codes in a picture."""
    done = subprocess.run(
        ["zbarimg", "--raw", "--quiet", picture], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()
