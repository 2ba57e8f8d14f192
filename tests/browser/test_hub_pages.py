"""The hub's pages in a real browser: sign in, look at schools and usage, publish a folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from hub.published import load_published
from tests.support.admin import NAME, PASSWORD, make_admin
from tests.support.many_schools import fill
from tests.support.tiny_hub import TinyHub
from tests.unit.hub.test_usage_weeks import used

pytestmark = pytest.mark.browser


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    """A county whose first school has sent some usage."""
    made = TinyHub(tmp_path, incoming_seconds=0.1)
    make_admin(made)
    fill(made.service.registry, made.now, 60)
    node = made.enrol_node("zhuhai-0001")
    made.service.intake.take(node.batch(1, [used(), used(days=7)]))
    return made


@pytest.fixture
async def address(hub: TinyHub) -> AsyncIterator[str]:
    async with hub.serving() as base:
        yield base


async def opened(browser: Browser, address: str, *, width: int = 1280, **options: object) -> Page:
    """A page of a browser that has signed in; whatever the page's policy blocks fails the test."""
    context = await browser.new_context(
        base_url=address,
        viewport={"width": width, "height": 800},
        **({"locale": "en-GB"} | options),  # type: ignore[arg-type]
    )
    page = await context.new_page()
    page.on("console", lambda said: pytest.fail(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto("/admin/")
    await page.locator("input[name=name]").fill(NAME)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("main button").click()
    await expect(page.locator("h1")).to_be_visible()
    return page


def a_folder(place: Path) -> Path:
    folder = place / "鱼课"
    (folder / "02").mkdir(parents=True)
    (folder / "pack.toml").write_text('id = "gd/zhuhai/fish"\ntitle = "<i>鱼</i>"\n', "utf-8")
    (folder / "01 认识鱼.txt").write_text("A fish swims. " * 100, "utf-8")
    (folder / "02/index.html").write_text("<title>Scales</title>", "utf-8")
    (folder / ".DS_Store").write_bytes(b"junk")
    return folder


async def test_schools_are_found_sorted_and_opened(browser: Browser, address: str) -> None:
    page = await opened(browser, address)
    await expect(page.locator("tbody tr")).to_have_count(61)
    await page.get_by_label("Find").fill("zhuhai-0001")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.get_by_role("link", name="Show all").click()
    await page.get_by_role("link", name="Disk free").click()
    await expect(page.locator("th[aria-sort=ascending]")).to_have_text("Disk free ↑")
    await page.get_by_label("Warning").select_option("disk")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("tbody tr").first).to_contain_text("The disk is nearly full")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV").click()
    saved = (await (await download.value).path()).read_bytes()
    assert saved.startswith(b"\xef\xbb\xbf")
    await page.locator("tbody th a").first.click()
    await expect(page.locator("h2").first).to_contain_text("Node")


async def test_a_folder_is_sent_quoted_and_published_by_the_page(
    browser: Browser, address: str, hub: TinyHub, tmp_path: Path
) -> None:
    page = await opened(browser, address)
    await page.get_by_role("link", name="Publish").click()
    await page.get_by_role("button", name="Send the folder").click()
    await expect(page.get_by_role("alert")).to_have_text("Choose a folder first.")
    await page.get_by_label("Folder").set_input_files(a_folder(tmp_path))
    await page.get_by_role("button", name="Send the folder").click()
    await expect(page.get_by_role("button", name="Publish version 1")).to_be_visible(timeout=60_000)
    await expect(page.locator("h2").first).to_have_text("<i>鱼</i>")
    await expect(page.locator("table.cost tbody tr")).to_have_count(1)
    await page.get_by_role("button", name="Publish version 1").click()
    await expect(page.get_by_text("Version 1 is published")).to_be_visible(timeout=60_000)
    assert "gd/zhuhai/fish" in load_published(hub.repository).roles["gd.zhuhai"].targets


@pytest.mark.slow
async def test_without_a_script_a_folder_is_sent_too(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    page = await opened(browser, address, java_script_enabled=False)
    await page.get_by_role("link", name="Publish").click()
    await page.get_by_label("Folder").set_input_files(a_folder(tmp_path))
    await page.get_by_role("button", name="Send the folder").click()
    await expect(page.get_by_role("button", name="Publish version 1")).to_be_visible(timeout=60_000)
    await page.get_by_role("button", name="Give it up").click()
    await expect(page.get_by_role("button", name="Send the folder")).to_be_visible()


async def test_every_page_fits_a_phone_and_speaks_chinese(browser: Browser, address: str) -> None:
    page = await opened(browser, address, width=360, locale="zh-CN")
    for path in ("", "school?id=zhuhai-0001", "usage", "publish", "account", "?warning=silent"):
        await page.goto(f"/admin/{path}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert await page.locator("html").get_attribute("lang") == "zh-Hans"
    await page.goto("/admin/usage")
    await expect(page.locator("svg rect")).to_have_count(2)
    await page.get_by_role("button", name="退出").click()
    await expect(page.get_by_role("button", name="登录")).to_be_visible()
