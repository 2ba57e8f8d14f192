"""Every page of the portal, for people who cannot see or point well, and as it looks.

The sheets in ``tests/browser/sheets`` show each page in both languages and schemes on three
screens. Whoever changes a page looks at its new sheet (``make sheets``) and commits it; the test
only sees that nobody forgot to.
"""

from collections.abc import AsyncIterator
from itertools import cycle

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from tests.browser.conftest import chromium
from tests.support.gallery import VIEWS, Gallery, View, gallery
from tests.support.sheets import LOOKS, SHEETS, Look, difference, opened, sheet

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
# Other digits, or another release of the letters, are no other look.
TOLERATED = 0.03
_TURN = cycle((LOOKS[0], LOOKS[-1], LOOKS[4], LOOKS[7]))
SAMPLE = [(view, next(_TURN)) for view in VIEWS if view.sample]
REST = [(view, look) for view in VIEWS for look in LOOKS if (view, look) not in SAMPLE]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gallery]:
    async with gallery(tmp_path_factory.mktemp("gallery")) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shown() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


def name(value: object) -> str:
    return value.name if isinstance(value, View) else "-".join(map(str, value))  # type: ignore[call-overload] # a Look


async def faults(shown: Browser, world: Gallery, view: View, look: Look) -> list[str]:
    async with opened(shown, world, view, look) as page:
        found = (await Axe().run(page)).response["violations"]
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}"
            for one in found
            for node in one["nodes"]
        ] + [f"{wide} pixels too wide"] * (wide > 0)


@pytest.mark.parametrize(("view", "look"), SAMPLE, ids=name)
async def test_a_page_has_no_barriers(
    shown: Browser, world: Gallery, view: View, look: Look
) -> None:
    assert await faults(shown, world, view, look) == []


@pytest.mark.slow
@pytest.mark.parametrize(("view", "look"), REST, ids=name)
async def test_a_page_has_no_barriers_in_any_look(
    shown: Browser, world: Gallery, view: View, look: Look
) -> None:
    assert await faults(shown, world, view, look) == []


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS, ids=name)
async def test_a_page_looks_as_on_its_sheet(shown: Browser, world: Gallery, view: View) -> None:
    drawn = await sheet(shown, world, view)
    kept = (SHEETS / f"{view.name}.webp").read_bytes()
    assert await difference(shown, kept, drawn) < TOLERATED, "look at it, then: make sheets"


async def test_every_sheet_is_of_a_page() -> None:
    assert {path.stem for path in SHEETS.iterdir()} == {view.name for view in VIEWS}
