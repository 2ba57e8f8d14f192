"""The application, driven by keys."""

import pytest
from textual.coordinate import Coordinate
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from core import control
from core.control import Failure
from tests.unit.tui import samples
from tests.unit.tui.samples import FakeAgent
from tui.app import PackhorseTui
from tui.cli import tui
from tui.help import HelpScreen


def text(app: PackhorseTui, name: str) -> str:
    """Give what a part of the main screen says."""
    return str(app.screen_stack[0].query_one(f"#{name}", Static).content)


async def until(pilot: Pilot[None], app: PackhorseTui, notice: str) -> None:
    """Wait until the last line says this."""
    for _ in range(100):
        if text(app, "keys") == notice:
            return
        await pilot.pause(0.02)
    pytest.fail(text(app, "keys"))


async def test_r_asks_for_a_poll_and_says_so() -> None:
    agent = FakeAgent(samples.ALL_HERE)
    app = PackhorseTui(agent)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, app, "The agent looks at the hub.")

        assert agent.wishes == 1


async def test_a_refused_wish_shows_the_reason_harmlessly() -> None:
    refusal = Failure(control.FAILED, "[b]Not\x1b[0m enrolled.", "", 10)
    app = PackhorseTui(FakeAgent(samples.ALL_HERE, refusal=refusal))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, app, "[b]Not [0m enrolled.")


async def test_l_changes_the_language_of_everything() -> None:
    app = PackhorseTui(FakeAgent(samples.ALL_HERE), "en")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert text(app, "headline") == "Everything is here"
        await pilot.press("l")

        assert text(app, "headline") == "课程已全部到齐"
        table = app.query_one(DataTable)
        assert str(table.get_cell_at(Coordinate(0, 0))).strip() == "数学五年级上册：分数"
        await pilot.press("l")
        assert text(app, "headline") == "Everything is here"


async def test_help_opens_and_closes_and_the_screen_below_stays_alive() -> None:
    agent = FakeAgent(samples.ALL_HERE)
    app = PackhorseTui(agent)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        agent.more.put_nowait(samples.OFFLINE)
        await pilot.pause()
        await pilot.pause()
        assert text(app, "headline").startswith("No line")
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_q_leaves() -> None:
    app = PackhorseTui(FakeAgent(samples.ALL_HERE))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_the_cursor_stays_when_a_new_status_comes() -> None:
    agent = FakeAgent(samples.OFFLINE)
    app = PackhorseTui(agent)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("down")
        agent.more.put_nowait(samples.FETCHING)
        await pilot.pause()
        await pilot.pause()

        assert app.query_one(DataTable).cursor_row == 1


async def test_a_smaller_terminal_still_shows_the_headline() -> None:
    app = PackhorseTui(FakeAgent(samples.FETCHING))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(50, 14)
        await pilot.pause()

        assert app.query_one("#headline").region.height >= 1
        assert app.query_one("#keys").region.bottom <= 14


def test_the_command_has_an_example() -> None:
    assert "packhorse tui --state" in (tui.help or "")


@pytest.mark.parametrize("module", ["cache", "sync", "edge_client", "textual"])
def test_the_command_loads_nothing_heavy_before_it_runs(module: str) -> None:
    import subprocess
    import sys

    code = f"import sys, tui.cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
