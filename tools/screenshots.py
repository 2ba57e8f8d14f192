"""Takes pictures of a running portal's pages, with Debian's chromium.

usage: python tools/screenshots.py URL [FOLDER]    (FOLDER: docs/images by default)

For each language and screen: the first page, and the first item that it links to.
"""

import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium"
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
SCREENS: dict[str, ViewportSize] = {
    "computer": {"width": 1280, "height": 800},
    "tablet": {"width": 800, "height": 1280},
}
ITEM_LINK = "a[href*='/item']"


def main(url: str, folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        for language in LANGUAGES:
            for screen in SCREENS:
                take(browser, url, folder, language, screen)
        browser.close()


def take(browser: Browser, url: str, folder: Path, language: str, screen: str) -> None:
    """Take the pictures of one language on one screen."""
    context = browser.new_context(locale=LANGUAGES[language], viewport=SCREENS[screen])
    page = context.new_page()
    page.goto(url)
    shoot = folder / f"portal-{language}-{screen}.png"
    page.screenshot(path=shoot)
    print(shoot)
    link = page.locator(ITEM_LINK).first
    if link.count():
        page.goto(urljoin(page.url, link.get_attribute("href") or ""))
        shoot = folder / f"item-{language}-{screen}.png"
        page.screenshot(path=shoot)
        print(shoot)
    context.close()


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: make screenshots ARGS=http://127.0.0.1:PORT/")
    main(sys.argv[1], Path(*sys.argv[2:3] or ["docs/images"]))
