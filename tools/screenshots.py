"""Takes the pictures of docs/images/ with Debian's chromium.

usage: python tools/screenshots.py URL [FOLDER]
       python tools/screenshots.py SNAPSHOT.svg NAME [FOLDER]

FOLDER is docs/images by default. Of a running portal (URL), for each language and screen: the
first page, the first item that it links to, and the page with the code for the wall. Of a screen
of the terminal, from its committed snapshot: FOLDER/NAME.png.
"""

import html
import re
import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from core.display import cells

CHROMIUM = "/usr/bin/chromium"
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
SCREENS: dict[str, ViewportSize] = {
    "computer": {"width": 1280, "height": 800},
    "tablet": {"width": 800, "height": 1280},
}
ITEM_LINK = "a[href*='/item']"
FOLDER = "docs/images"
# A letter of the terminal's snapshots is so wide.
CELL = 12.2
TEXT = re.compile(r'textLength="[^"]*"([^>]*)>([^<]*)<')


def main(words: list[str]) -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        if words[0].endswith(".svg"):
            take_terminal(browser, Path(words[0]), Path(*words[2:3] or [FOLDER]) / words[1])
        else:
            take_portal(browser, words[0], Path(*words[1:2] or [FOLDER]))
        browser.close()


def take_portal(browser: Browser, url: str, folder: Path) -> None:
    """Take a portal's pages."""
    folder.mkdir(parents=True, exist_ok=True)
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


def take_terminal(browser: Browser, snapshot: Path, name: Path) -> None:
    """Take the picture of one screen of the terminal."""
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    drawn = TEXT.sub(spaced, snapshot.read_text("utf-8"))
    page.set_content(f'<body style="margin: 0">{drawn}</body>')
    shoot = name.with_suffix(".png")
    page.locator("svg").first.screenshot(path=shoot)
    print(shoot)


def spaced(match: re.Match[str]) -> str:
    """Give a text the width of its cells: the snapshots count Chinese letters as narrow."""
    width = CELL * cells(html.unescape(match[2]))
    return f'textLength="{width:.1f}"{match[1]}>{match[2]}<'


if __name__ == "__main__":
    if not sys.argv[1:] or (sys.argv[1].endswith(".svg") and not sys.argv[2:]):
        sys.exit("usage: make screenshots ARGS='http://127.0.0.1:PORT/' or 'SNAPSHOT.svg NAME'")
    main(sys.argv[1:])
