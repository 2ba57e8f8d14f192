"""Contact sheets: one page in all languages, schemes and widths on one small picture.

Chromium itself draws and compares them, so that nothing else is needed.

    python -m tests.support.sheets [VIEW ...]    renews the sheets of some views, or of all
"""

import asyncio
import base64
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page

from edge_client.portal.teachers import COOKIE
from tests.browser.conftest import chromium
from tests.support.gallery import VIEWS, Gallery, View, gallery

SHEETS: Final = Path(__file__).parents[1] / "browser/sheets"
LANGUAGES: Final = ("zh", "en")
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
# Width and height of the screen, and how much smaller it is on the sheet.
SCREENS: Final = {360: (740, 0.6), 768: (1024, 0.4), 1920: (1080, 0.3)}
# What differs from one run to the next, or moves.
_STILL: Final = """
    *, *::before, *::after { animation: none !important; transition: none !important;
        caret-color: transparent !important; scroll-behavior: auto !important; }
    video, audio { visibility: hidden; }
"""
_DRAW: Final = """
async ([pictures, size]) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = size;
    const context = canvas.getContext('2d');
    context.fillStyle = '#888';
    context.fillRect(0, 0, ...size);
    for (const [data, x, y, width, height] of pictures) {
        const image = new Image();
        image.src = 'data:image/png;base64,' + data;
        await image.decode();
        context.imageSmoothingQuality = 'high';
        context.drawImage(image, x, y, width, height);
    }
    return canvas.toDataURL('image/webp', 0.6).split(',')[1];
}
"""
# The share of blocks of 8 by 8 pixels whose mean differs by more than a tenth.
_COMPARE: Final = """
async (pair) => {
    const read = async (data) => {
        const image = new Image();
        image.src = 'data:image/webp;base64,' + data;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = Math.floor(image.width / 8);
        canvas.height = Math.floor(image.height / 8);
        const context = canvas.getContext('2d');
        context.imageSmoothingQuality = 'high';
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height);
    };
    const [one, other] = [await read(pair[0]), await read(pair[1])];
    if (one.width !== other.width || one.height !== other.height) return 1;
    let differing = 0;
    for (let i = 0; i < one.data.length; i += 4) {
        let most = 0;
        for (let j = i; j < i + 3; j++) {
            most = Math.max(most, Math.abs(one.data[j] - other.data[j]));
        }
        if (most > 26) differing++;
    }
    return differing / (one.width * one.height);
}
"""


class Look(NamedTuple):
    """How a page is looked at."""

    language: str
    scheme: Literal["light", "dark"]
    width: int


LOOKS: Final = [Look(*one) for one in product(LANGUAGES, SCHEMES, SCREENS)]


@asynccontextmanager
async def opened(browser: Browser, world: Gallery, view: View, look: Look) -> AsyncIterator[Page]:
    """Open a view in one look."""
    world.prepare(view)
    context = await _context(browser, world, view, look)
    page = await context.new_page()
    try:
        await page.goto(view.address.format(**world.values))
        if view.before is not None:
            await view.before(page)
        await page.evaluate("document.fonts.ready")
        yield page
    finally:
        await context.close()


async def _context(browser: Browser, world: Gallery, view: View, look: Look) -> BrowserContext:
    context = await browser.new_context(
        base_url=world.school.origin,
        locale=look.language,
        color_scheme=look.scheme,
        reduced_motion="reduce",
        viewport={"width": look.width, "height": SCREENS[look.width][0]},
        bypass_csp=True,
    )
    if view.teacher:
        url = world.school.origin
        await context.add_cookies([{"name": COOKIE, "value": world.cookie, "url": url}])
    return context


async def sheet(browser: Browser, world: Gallery, view: View) -> bytes:
    """Draw one view in all looks; give the picture's bytes."""
    pictures: list[tuple[str, int, int, int, int]] = []
    y, height, widest = 4, 0, 0
    for language, scheme in product(LANGUAGES, SCHEMES):
        x = 4
        for width, (tall, scale) in SCREENS.items():
            async with opened(browser, world, view, Look(language, scheme, width)) as page:
                await page.add_style_tag(content=_STILL)
                data = base64.b64encode(await page.screenshot(timeout=120_000)).decode()
            shown = round(width * scale), round(tall * scale)
            pictures.append((data, x, y, *shown))
            x += shown[0] + 4
            height = max(height, shown[1])
        widest = max(widest, x)
        y += height + 4
    return await _asked(browser, _DRAW, [pictures, [widest, y]])


async def difference(browser: Browser, one: bytes, other: bytes) -> float:
    """Give by how much two sheets differ, 0 to 1."""
    page = await browser.new_page()
    try:
        pair = [base64.b64encode(data).decode() for data in (one, other)]
        return float(await page.evaluate(_COMPARE, pair))
    finally:
        await page.close()


async def _asked(browser: Browser, script: str, values: Any) -> bytes:
    page = await browser.new_page()
    try:
        return base64.b64decode(await page.evaluate(script, values))
    finally:
        await page.close()


async def renew(names: Sequence[str]) -> None:
    """Draw sheets anew."""
    SHEETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        async with gallery(Path(place)) as world, chromium() as browser:
            for view in VIEWS:
                if not names or view.name in names:
                    (SHEETS / f"{view.name}.webp").write_bytes(await sheet(browser, world, view))


if __name__ == "__main__":
    asyncio.run(renew(sys.argv[1:]))
