"""The screen as it looks: pictures at fixed size and clock.

After a wanted change: look at the new pictures, then ``--snapshot-update``.
"""

from collections.abc import Callable

import pytest
from textual.app import App

from core.control import PackStatus
from tests.unit.tui import samples
from tests.unit.tui.samples import FakeAgent
from tui.app import PackhorseTui

Compare = Callable[..., bool]
STATES = {
    "empty": FakeAgent(samples.EMPTY),
    "not-enrolled": FakeAgent(samples.NOT_ENROLLED),
    "fetching": FakeAgent(samples.FETCHING),
    "offline": FakeAgent(samples.OFFLINE),
    "all-here": FakeAgent(samples.ALL_HERE),
    "problem": FakeAgent(samples.PROBLEM),
    "no-agent": FakeAgent("not running"),
    "agent-gone": FakeAgent(samples.ALL_HERE, "not running"),
    "hostile": FakeAgent(samples.HOSTILE),
}


def screen(agent: FakeAgent, language: str) -> App[None]:
    """Make the application with a clock that stands still."""
    return PackhorseTui(agent, language, clock=lambda: 0.0)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", STATES)
def test_80_by_24(snap_compare: Compare, state: str, language: str) -> None:
    assert snap_compare(screen(STATES[state], language), terminal_size=(80, 24))


@pytest.mark.parametrize("state", ["fetching", "offline", "hostile"])
def test_120_by_40(snap_compare: Compare, state: str) -> None:
    assert snap_compare(screen(STATES[state], "zh"), terminal_size=(120, 40))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_help(snap_compare: Compare, language: str) -> None:
    app = screen(FakeAgent(samples.ALL_HERE), language)
    assert snap_compare(app, terminal_size=(80, 24), press=["question_mark"])


def test_many_packs_scroll(snap_compare: Compare) -> None:
    packs = [samples.FRACTIONS] * 30
    status = samples.made(line="up", packs=[_numbered(pack, n) for n, pack in enumerate(packs)])
    app = screen(FakeAgent(status), "en")
    assert snap_compare(app, terminal_size=(80, 24), press=["end"] + ["down"] * 29)


def _numbered(pack: PackStatus, number: int) -> PackStatus:
    fields = {name: getattr(pack, name) for name in pack.__struct_fields__}
    return PackStatus(**{**fields, "id": f"gd/-/p{number}"})


def test_narrow(snap_compare: Compare) -> None:
    agent = FakeAgent(samples.FETCHING)
    assert snap_compare(screen(agent, "en"), terminal_size=(60, 16))
