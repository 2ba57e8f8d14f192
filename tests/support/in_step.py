"""How far apart the pages of a class are, by the frame numbers that their pictures show."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page

from tests.support.numbered import READ

EVERY: Final = 100
_STAYS: Final = 4
# The pages' clocks are wrong on purpose; this one is the machine's in all of them.
_WATCH: Final = f"""() => {{
  const read = {READ};
  const video = document.querySelector('video');
  window.seen = [];
  setInterval(() => {{
    if (video.readyState < 2) {{ return; }}
    const shown = read(video);
    window.seen.push([
      performance.timeOrigin + performance.now(), shown ? shown[1] : -1,
      video.paused ? 0 : video.playbackRate
    ]);
  }}, {EVERY});
}}"""


@dataclass(frozen=True)
class Seen:
    """One look at a page: when (ms), which frame, and how fast it moved."""

    at: float
    frame: int
    rate: float


async def watch(*pages: Page) -> None:
    """Begin to look at pages ten times a second."""
    for page in pages:
        await page.evaluate(_WATCH)


async def seen(page: Page) -> list[Seen]:
    """Give what was seen of a page, all of it readable."""
    found = [Seen(*one) for one in await page.evaluate("window.seen")]
    return [one for one in found if one.frame >= 0]


async def frame(page: Page) -> int:
    """Give the frame that a page shows now."""
    shown = await page.evaluate(f"() => ({READ})(document.querySelector('video'))")
    return int(shown[1]) if shown else -1


async def shows(page: Page, expected: int, seconds: float = 40) -> None:
    """Wait until a page shows a frame, and stays with it."""
    looks: list[int] = []
    for _ in range(round(seconds / 0.1)):
        looks.append(await frame(page))
        # A page that still goes to its place may show it in passing.
        if looks[-_STAYS:] == [expected] * _STAYS:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(looks[-_STAYS:], expected)


async def stand(*pages: Page) -> int:
    """Wait until the pages stand still at one frame, wherever that is; give it."""
    looks: list[set[int]] = []
    for _ in range(400):
        looks.append({await frame(page) for page in pages})
        still = looks[-_STAYS:]
        if still == still[:1] * _STAYS and len(still[0]) == 1 and min(still[0]) >= 0:
            return min(still[0])
        await asyncio.sleep(0.1)
    raise AssertionError(looks[-_STAYS:])


def apart(looks: Sequence[Sequence[Seen]], rate: float) -> list[float]:
    """Give how far apart pages were, milliseconds of the lesson, at each look at the first one.

    Args:
        looks: at each page.
        rate: frames a second.
    """
    found = []
    others = [list(one) for one in looks[1:]]
    places = [0] * len(others)
    for look in looks[0]:
        positions = [look.frame * 1000 / rate]
        for index, other in enumerate(others):
            while places[index] + 1 < len(other) and other[places[index] + 1].at <= look.at:
                places[index] += 1
            near = other[places[index]]
            if abs(near.at - look.at) <= EVERY * 1.5:
                positions.append(near.frame * 1000 / rate + (look.at - near.at) * near.rate)
        if len(positions) == len(looks):
            found.append(max(positions) - min(positions))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that ``share`` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, round(len(values) * share))]
