"""What the node keeps about its line: settings, ledger, estimate."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest

from cache import failpoints
from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.line_settings import read_line_settings, write_line_settings
from cache.state import StateDirectory
from core.errors import RefusedError, UsageError
from core.line.estimate import Estimate
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from tests.support.nodes import make_state


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


def test_settings_stay_and_the_usual_ones_stand_in_for_none(state: StateDirectory) -> None:
    assert read_line_settings(state.line_settings) == LineSettings()
    chosen = LineSettings(week=(100,) * 168, budget=2_000_000_000, budget_day=5, metered=True)
    write_line_settings(state.line_settings, chosen)
    assert read_line_settings(state.line_settings) == chosen


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"week":[1]}', b'{"budget_day":31}', b" " * 20_000]
)
def test_damaged_settings_are_the_usual_ones(state: StateDirectory, damage: bytes) -> None:
    state.line_settings.write_bytes(damage)
    assert read_line_settings(state.line_settings) == LineSettings()


def test_settings_that_bring_nothing_are_not_written(state: StateDirectory) -> None:
    with pytest.raises(UsageError, match="never allow anything"):
        write_line_settings(state.line_settings, LineSettings(week=(0,) * 168))
    assert not state.line_settings.exists()


@pytest.mark.parametrize(
    "changes", [{"quiet": ("g" * 41,)}, {"quiet": ("g5",) * 101}, {"budget": 10**15 + 1}]
)
def test_settings_that_could_not_be_read_again_leave_the_old_ones(
    state: StateDirectory, changes: dict[str, object]
) -> None:
    before = LineSettings(budget=2_000_000, paused=True)
    write_line_settings(state.line_settings, before)
    with pytest.raises(RefusedError):
        write_line_settings(state.line_settings, msgspec.structs.replace(before, **changes))
    assert read_line_settings(state.line_settings) == before


def test_what_was_reserved_counts_until_it_is_settled(state: StateDirectory) -> None:
    assert AgentReader(state.agent).ledger() == Ledger()
    with closing(AgentDatabase(state)) as database:
        database.turn_month(date(2026, 11, 26), 5)
        database.reserve_bytes(700)
        assert AgentReader(state.agent).ledger() == Ledger(month="2026-11-05", reserved=700)
        # Killed here, the node counts all 700.
    with closing(AgentDatabase(state)) as database:
        database.settle_bytes(700, 450)
    assert AgentReader(state.agent).ledger() == Ledger(month="2026-11-05", used=450)


def test_a_month_begins_once_and_only_when_the_day_is_sure(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        database.settle_bytes(0, 10)
        assert database.turn_month(None, 1) == Ledger(used=10)
        # Nobody knew the date until now: it may have travelled in this month.
        assert database.turn_month(date(2026, 11, 30), 1) == Ledger(month="2026-11-01", used=10)
        assert database.turn_month(date(2026, 12, 1), 1) == Ledger(month="2026-12-01")
        database.settle_bytes(0, 5)
        back = database.turn_month(date(2026, 11, 30), 1)
        assert back == Ledger(month="2026-12-01", used=5)


def test_a_kill_before_the_commit_changes_nothing(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def kill(*_: object) -> None:
        raise KilledError

    with closing(AgentDatabase(state)) as database:
        database.reserve_bytes(100)
        monkeypatch.setattr(failpoints, "hook", kill)
        with pytest.raises(KilledError):
            database.settle_bytes(100, 1)
        monkeypatch.undo()
    assert AgentReader(state.agent).ledger() == Ledger(reserved=100)


def test_the_ledger_outlives_damage_elsewhere_in_the_file(state: StateDirectory) -> None:
    with closing(AgentDatabase(state)) as database:
        database.turn_month(date(2026, 11, 26), 1)
        database.settle_bytes(0, 123)
    with closing(sqlite3.connect(state.agent)) as connection:
        ((root,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'job'")
        ((size,),) = connection.execute("PRAGMA page_size")
    with state.agent.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    with closing(AgentDatabase(state)) as database:
        assert database.begun_anew
        assert database.reader.ledger() == Ledger(month="2026-11-01", used=123)


def test_the_estimate_stays_and_a_damaged_one_is_none(state: StateDirectory) -> None:
    believed = Estimate(samples=(30_000.0, 31_000.5), up=0.7, latency=0.3)
    with closing(AgentDatabase(state)) as database:
        assert database.reader.estimate() == Estimate()
        database.remember_estimate(believed)
        assert AgentReader(state.agent).estimate() == believed
        database.remember("line-estimate", '{"up":7}')
        assert database.reader.estimate() == Estimate()
