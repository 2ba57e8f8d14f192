"""Takes the pictures of docs/images/ with Debian's chromium.

usage: python tools/screenshots.py URL [FOLDER]
       python tools/screenshots.py SNAPSHOT.svg NAME [FOLDER]
       python tools/screenshots.py tui:STATE KEYS NAME [FOLDER]
       python tools/screenshots.py admin:URL NAME PASSWORD PACK [FOLDER]

FOLDER is docs/images by default. Of a running portal (URL), for each language and screen: the
first page, the first item that it links to, and the page with the code for the wall. Of a screen
of the terminal, FOLDER/NAME.png: from a committed snapshot, or, for each language, of the running
node whose state directory is STATE, when KEYS have been pressed. Of a hub's pages, signed in as
NAME: the list of schools, and the quote for the folder PACK, which is then given up.
"""

import asyncio
import html
import re
import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from core.control import SOCKET_NAME
from core.display import cells
from tui.app import PackhorseTui
from tui.client import ControlClient

CHROMIUM = "/usr/bin/chromium"
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
SCREENS: dict[str, ViewportSize] = {
    "computer": {"width": 1280, "height": 800},
    "tablet": {"width": 800, "height": 1280},
}
ITEM_LINK = "a[href*='/item']"
FOLDER = "docs/images"
# For the agent's answer to a key.
SECONDS = 1.5
# A letter of the terminal's snapshots is so wide.
CELL = 12.2
TEXT = re.compile(r'textLength="[^"]*"([^>]*)>([^<]*)<')


def main(words: list[str]) -> None:
    """Take all pictures."""
    kind, _, place = words[0].partition(":")
    if kind == "tui":
        # Before playwright, whose loop would be in the way.
        folder = Path(*words[3:4] or [FOLDER])
        drawn = {
            folder / f"{words[2]}-{language}": asyncio.run(draw(Path(place), words[1], language))
            for language in LANGUAGES
        }
    elif words[0].endswith(".svg"):
        folder = Path(*words[2:3] or [FOLDER])
        drawn = {folder / words[1]: Path(words[0]).read_text("utf-8")}
    else:
        drawn = {}
        folder = Path(*words[1:2] or [FOLDER])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for name, picture in drawn.items():
            take_terminal(browser, picture, name)
        if kind == "admin":
            take_admin(browser, place, words[1:4], Path(*words[4:5] or [FOLDER]))
        elif not drawn:
            take_portal(browser, words[0], folder)
        browser.close()


def take_portal(browser: Browser, url: str, folder: Path) -> None:
    """Take a portal's pages."""
    for language in LANGUAGES:
        for screen in SCREENS:
            take(browser, url, folder, language, screen)


def take(browser: Browser, url: str, folder: Path, language: str, screen: str) -> None:
    """Take the pictures of one language on one screen."""
    context = browser.new_context(locale=LANGUAGES[language], viewport=SCREENS[screen])
    page = context.new_page()
    page.goto(url)
    shots = {"portal": page.url}
    link = page.locator(ITEM_LINK).first
    if link.count():
        shots["item"] = urljoin(page.url, link.get_attribute("href") or "")
    shots["qr"] = urljoin(page.url, "/qr")
    for name, address in shots.items():
        page.goto(address)
        shoot = folder / f"{name}-{language}-{screen}.png"
        page.screenshot(path=shoot)
        print(shoot)
    context.close()


async def draw(state: Path, keys: str, language: str) -> str:
    """Run the terminal's screens on a node and draw what they show."""
    app = PackhorseTui(ControlClient(state / SOCKET_NAME), language)
    async with app.run_test(size=(80, 24)) as pilot:
        await asyncio.sleep(SECONDS)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(SECONDS)
        return app.export_screenshot(title="Packhorse")


def take_admin(browser: Browser, url: str, words: list[str], folder: Path) -> None:
    """Take a hub's pages."""
    name, password, pack = words
    for language, locale in LANGUAGES.items():
        context = browser.new_context(
            locale=locale, viewport=SCREENS["computer"], ignore_https_errors=True
        )
        page = context.new_page()
        page.goto(urljoin(url, "/admin/"))
        page.fill("[name=name]", name)
        page.fill("[name=password]", password)
        page.click("main form button")
        page.wait_for_selector("table")
        page.screenshot(path=folder / f"fleet-{language}.png")
        page.goto(urljoin(url, "/admin/publish"))
        page.set_input_files("input[webkitdirectory]", pack)
        page.click("#folder button")
        page.wait_for_selector("form[action$='publish/drop'] button.second", timeout=60_000)
        page.wait_for_selector("table")
        page.screenshot(path=folder / f"publish-{language}.png")
        page.click("form[action$='publish/drop'] button")
        context.close()


def take_terminal(browser: Browser, drawn: str, name: Path) -> None:
    """Take the picture of one screen of the terminal."""
    page = browser.new_page(viewport={"width": 1000, "height": 700}, device_scale_factor=0.8)
    page.set_content(f'<body style="margin: 0">{TEXT.sub(spaced, drawn)}</body>')
    shoot = name.with_suffix(".png")
    page.locator("svg").first.screenshot(path=shoot)
    print(shoot)


def spaced(match: re.Match[str]) -> str:
    """Give a text the width of its cells: the snapshots count Chinese letters as narrow."""
    width = CELL * cells(html.unescape(match[2]))
    return f'textLength="{width:.1f}"{match[1]}>{match[2]}<'


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: make screenshots ARGS='http://127.0.0.1:PORT/', or as the file says")
    main(sys.argv[1:])
