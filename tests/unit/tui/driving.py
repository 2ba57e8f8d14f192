"""Starting the application with an agent of its own, and driving it with keys."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.pilot import Pilot

from core.control import Status
from tests.unit.tui import samples
from tests.unit.tui.samples import FakeAgent
from tui.app import PackhorseTui
from tui.client import Absence
from tui.widgets.lines import Lines

_TRIES = 1000
_QUICK_TRIES = 10
_TURN_SECONDS = 0.02


class Driver:
    """An application that runs, its agent, and what is on the screen."""

    def __init__(self, app: PackhorseTui, agent: FakeAgent, pilot: Pilot[None]) -> None:
        self.app = app
        self.agent = agent
        self.pilot = pilot

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Wait until this holds, and the screen is drawn."""
        for number in range(_TRIES):
            # On a busy machine what was drawn may be a timer's turn behind.
            await self.pilot.pause(_TURN_SECONDS if number > _QUICK_TRIES else None)
            if holds():
                await self.pilot.pause()
                return
        pytest.fail(f"{what}\n{self.shown()}")

    async def settled(self, *waiting: str) -> None:
        """Wait until the agent has answered all but these."""
        await self.until(lambda: set(self.app.model.waits) == set(waiting), "still waiting")

    async def press(self, *keys: str) -> None:
        """Press keys, and wait after each for the answers of an agent that has some."""
        await self._answered()
        for key in keys:
            # What a key does may depend on what was answered to the one before it.
            await self.pilot.press(key)
            await self._answered()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*text)

    def paste(self, text: str) -> None:
        """Paste a text, as a terminal does."""
        self.app.post_message(events.Paste(text))

    async def news(self, news: Status | Absence) -> None:
        """Let the agent tell something."""
        self.agent.more.put_nowait(news)
        wanted = "absence" if isinstance(news, str) else "status"
        await self.until(lambda: getattr(self.app.model, wanted) == news, "no news")

    async def sees(self, *texts: str) -> None:
        """Wait until all these are on the screen."""
        await self.until(lambda: all(text in self.shown() for text in texts), f"lacks {texts}")

    def shown(self) -> str:
        """Give the screen as lines."""
        # The compositor is what draws; Textual offers its lines in pictures only.
        lines = self.app.screen._compositor.render_strips()  # noqa: SLF001
        return "\n".join("".join(piece.text for piece in line) for line in lines)

    def part(self, name: str) -> str:
        """Give what a part of the page says."""
        page = self.app.screen_stack[1]
        return str(page.query_one(f"#{name}", Lines).content)

    def is_high(self, lines: int) -> bool:
        """Say whether the screen has so many lines."""
        return self.shown().count("\n") + 1 == lines

    async def asked(self, method: str) -> list[dict[str, object]]:
        """Wait until a method has been called; give the parameters of all its calls."""
        await self.until(lambda: self.called(method), f"{method} was not called")
        await self._answered()
        return self.called(method)

    def called(self, method: str) -> list[dict[str, object]]:
        """Give the parameters of all calls of a method."""
        return [params for name, params in self.agent.calls if name == method]

    async def _answered(self) -> None:
        await self.until(
            lambda: not set(self.app.model.waits) & set(self.agent.answers), "still waiting"
        )


def scripted(*news: Status | Absence, **answers: object) -> FakeAgent:
    """Make an agent that answers what every screen asks when it opens."""
    usual = {
        "sticks": [],
        "teachers": samples.TEACHERS,
        "usage": samples.USAGE,
        "doctor": samples.FINDINGS,
    }
    return FakeAgent(*news, **{**usual, **answers})


@asynccontextmanager
async def driving(
    agent: FakeAgent,
    language: str = "en",
    size: tuple[int, int] = (80, 24),
    keys: Iterable[str] = (),
) -> AsyncIterator[Driver]:
    """Run the application with a clock that stands still."""
    app = PackhorseTui(agent, language, clock=lambda: 0.0)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, agent, pilot)
        await driver.until(
            lambda: not agent.news or app.model.status or app.model.absence, "no news"
        )
        await driver.press(*keys)
        yield driver
