"""The screens as they look: pictures at fixed sizes and with a clock that stands still.

After a wanted change: look at the new pictures, then ``--snapshot-update``.
"""

import re
from collections.abc import Callable

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion

from core.display import cells
from tests.support import evenings
from tests.unit.tui import samples
from tests.unit.tui.driving import Driver, driving, scripted

SIZES = {"80": (80, 24), "120": (120, 40)}
PAGES = {
    "1": "today",
    "2": "packs",
    "3": "usage",
    "4": "stick",
    "5": "setup",
    "6": "health",
    "7": "line",
}
_TEXT = re.compile(r'textLength="[\d.]+"( [^>]*>)([^<]*)<')
_CELL = 12.2

Picture = Callable[[Driver, str], None]


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> Picture:
    """Compare the screen with the picture of this name."""
    pictures = snapshot.use_extension(SVGImageExtension)

    def compare(driver: Driver, name: str) -> None:
        assert honest(driver.app.export_screenshot()) == pictures(name=name)

    return compare


def honest(svg: str) -> str:
    """Give Chinese texts the room that they have in a terminal; Rich counts letters."""

    def mend(match: re.Match[str]) -> str:
        text = re.sub(r"&[#\w]+;", "x", match[2])
        return f'textLength="{cells(text) * _CELL:.1f}"{match[1]}{match[2]}<'

    return _TEXT.sub(mend, svg)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_screen(picture: Picture, language: str, size: str) -> None:
    agent = scripted(samples.FULL, sticks=[samples.STICK])
    async with driving(agent, language, SIZES[size]) as driver:
        for key, name in PAGES.items():
            await driver.press(key)
            picture(driver, f"{name}-{language}-{size}")
        for key, name in (("t", "teachers"), ("a", "address")):
            await driver.press("5", key)
            picture(driver, f"{name}-{language}-{size}")
            await driver.press("escape")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_today_with_a_timetable(picture: Picture, language: str, size: str) -> None:
    async with driving(scripted(samples.TIMETABLE), language, SIZES[size]) as driver:
        picture(driver, f"today-timetable-{language}-{size}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_today_with_wishes(picture: Picture, language: str, size: str) -> None:
    async with driving(scripted(samples.WISHED), language, SIZES[size]) as driver:
        picture(driver, f"today-wishes-{language}-{size}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_evening_and_the_line(picture: Picture, language: str, size: str) -> None:
    plans = {
        name: getattr(evenings, name)() for name in ("too_slow", "lowered", "cut_off", "all_here")
    }
    agent = scripted(samples.evening(plans["lowered"]), line=evenings.LINE)
    async with driving(agent, language, SIZES[size]) as driver:
        for name, plan in plans.items():
            await driver.news(samples.evening(plan))
            picture(driver, f"evening-{name.replace('_', '-')}-{language}-{size}")
        await driver.press("down", "enter")
        await driver.press("7", "v", "right", "down", "space")
        picture(driver, f"line-edited-{language}-{size}")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_dialog(picture: Picture, language: str) -> None:
    agent = scripted(samples.FULL, sticks=[samples.STICK])
    async with driving(agent, language) as driver:
        for keys, name in (
            ("?", "help"),
            ("5n", "names-form"),
            ("c", "time-question"),
            ("cn", "time-form"),
            ("e", "enrol-choice"),
            ("et", "token-form"),
            ("ef", "file-form"),
            ("ta", "teacher-form"),
            ("d", "teacher-question"),
            ("4m", "schools"),
            ("7o", "open-line"),
            ("b", "budget-form"),
            ("p", "pause-question"),
        ):
            await driver.press(*("question_mark" if key == "?" else key for key in keys))
            picture(driver, f"{name}-{language}")
            await driver.press("escape")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_today_in_every_state(picture: Picture, language: str) -> None:
    async with driving(scripted("not running"), language) as driver:
        picture(driver, f"today-no-agent-{language}")
        for name in ("NOT_ENROLLED", "EMPTY", "FETCHING", "OFFLINE", "ALL_HERE", "PROBLEM"):
            await driver.news(getattr(samples, name))
            picture(driver, f"today-{name.lower().replace('_', '-')}-{language}")
        await driver.news(samples.HOSTILE)
        picture(driver, f"today-hostile-{language}")
        await driver.news("other version")
        picture(driver, f"today-agent-gone-{language}")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_stick_in_every_state(picture: Picture, language: str) -> None:
    async with driving(scripted(samples.NOT_ENROLLED), language, keys="4") as driver:
        picture(driver, f"stick-none-{language}")
        for name, sticks in (
            ("new", [samples.STICK]),
            ("several", [samples.STICK, samples.READ_ONLY]),
            ("read-only", [samples.READ_ONLY]),
            ("broken", [samples.BROKEN_STICK]),
        ):
            await driver.agent.answer("sticks", sticks)
            await driver.press("1", "4")
            picture(driver, f"stick-{name}-{language}")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_work_with_a_stick(picture: Picture, language: str) -> None:
    agent = scripted(samples.FETCHING, sticks=[samples.STICK])
    async with driving(agent, language, keys="4i") as driver:
        picture(driver, f"stick-importing-{language}")
        await agent.answer("import_stick", samples.IMPORTED)
        await driver.news(samples.FULL)
        await driver.settled()
        picture(driver, f"stick-imported-{language}")
        await agent.answer("import_stick", samples.CUT_IMPORT)
        await agent.answer("export_stick", samples.EXPORTED)
        await agent.answer("release_stick", {})
        for key, name in (("i", "cut"), ("e", "exported"), ("o", "released")):
            await driver.press(key)
            picture(driver, f"stick-{name}-{language}")


async def test_a_small_terminal(picture: Picture) -> None:
    agent = scripted(samples.FETCHING, sticks=[samples.STICK])
    async with driving(agent, "zh", (40, 10)) as driver:
        for key, name in PAGES.items():
            await driver.press(key)
            picture(driver, f"{name}-zh-40")
        for keys, name in (("5a", "address"), ("5et", "token-form"), ("4m", "schools")):
            await driver.press(*keys)
            picture(driver, f"{name}-zh-40")
            await driver.press("escape")
