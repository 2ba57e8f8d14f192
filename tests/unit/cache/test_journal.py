import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache import failpoints
from cache.databases import DamagedError
from cache.journal import Journal
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.errors import ExhaustedError
from tests.support.clock import START
from tests.support.nodes import damage_file, make_state

ONE, TWO, THREE = b"epoch001", b"epoch002", b"epoch003"


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


def open_journal(
    state: StateDirectory,
    epoch: bytes = ONE,
    acknowledged: Mapping[bytes, int] | None = None,
) -> Journal:
    return Journal(state, fresh_epoch=epoch, at=START, acknowledged=acknowledged or {})


def records(state: StateDirectory, epoch: bytes, after: int = 0) -> dict[int, bytes]:
    rows = JournalReader(state.journal).unsent(epoch, after, 100_000)
    return {row.sequence: row.record for row in rows}


def test_the_first_boot_begins_an_epoch_and_later_ones_go_on(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        assert journal.opening.reason == "first boot"
        assert journal.append([b"a", b"b"], at=START) == range(1, 3)
    with closing(open_journal(state, TWO)) as journal:
        assert journal.opening.reason == ""
        assert journal.epoch == ONE
        assert journal.append([b"c"], at=START) == range(3, 4)
    assert records(state, ONE) == {1: b"a", 2: b"b", 3: b"c"}
    assert records(state, ONE, after=2) == {3: b"c"}


def test_an_epoch_has_64_bits(state: StateDirectory) -> None:
    with pytest.raises(ValueError, match="short"):
        open_journal(state, b"short")


def test_a_reader_without_a_journal_has_no_backlog(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "journal.db")
    assert reader.epochs() == []
    assert reader.unsent(ONE, 0, 10) == []
    assert reader.backlog({}).count == 0


def test_the_backlog_is_what_is_not_acknowledged(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        journal.append([b"a", b"b"], at=START)
        journal.append([b"c"], at=START + timedelta(minutes=5))
        backlog = journal.reader.backlog({ONE: 2})
        assert (backlog.count, backlog.oldest) == (1, START.timestamp() + 300)
        assert journal.reader.backlog({}).count == 3
        assert journal.reader.backlog({ONE: 3}).oldest is None


def test_pruning_removes_what_is_acknowledged_and_never_reuses_a_number(
    state: StateDirectory,
) -> None:
    with closing(open_journal(state)) as journal:
        journal.append([b"a", b"b", b"c"], at=START)
        assert journal.prune({ONE: 2, b"unknown!": 9}) == 2
        assert journal.prune({ONE: 3}) == 1
    with closing(open_journal(state)) as journal:
        assert journal.append([b"d"], at=START) == range(4, 5)
        assert journal.reader.backlog({ONE: 3}).count == 1
    assert records(state, ONE) == {4: b"d"}


def test_a_past_epoch_goes_when_all_of_it_is_acknowledged(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        journal.append([b"a"], at=START)
        journal.begin_epoch(TWO, "restore", at=START)
        assert journal.append([b"b"], at=START) == range(1, 2)
        assert [one.epoch for one in journal.reader.epochs()] == [ONE, TWO]
        journal.prune({ONE: 1, TWO: 1})
        assert [one.epoch for one in journal.reader.epochs()] == [TWO]
        assert journal.append([b"c"], at=START) == range(2, 3)


def test_a_journal_older_than_the_acknowledgements_begins_an_epoch(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        journal.append([b"a"], at=START)
    with closing(open_journal(state, TWO, {ONE: 5})) as journal:
        assert journal.opening.reason == "restore"
        assert journal.append([b"b"], at=START) == range(1, 2)
        assert journal.epoch == TWO


def test_settings_stay(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        assert journal.setting("secret", b"first") == b"first"
        assert journal.setting("secret", b"second") == b"first"
        journal.set_setting("secret", b"third")
    with closing(open_journal(state)) as journal:
        assert journal.setting("secret", b"") == b"third"


def test_a_failed_commit_keeps_nothing_and_uses_no_number(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        failpoints.hook = failpoints.counting("commit:1:full")
        try:
            with pytest.raises(ExhaustedError, match="disk is full"):
                journal.append([b"a"], at=START)
        finally:
            failpoints.hook = None
        assert journal.append([b"b"], at=START) == range(1, 2)
    assert records(state, ONE) == {1: b"b"}


def test_a_disk_that_is_really_full_is_said_in_words(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal:
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001
        journal._connection.execute(f"PRAGMA max_page_count={pages}")  # noqa: SLF001
        with pytest.raises(ExhaustedError, match="disk is full"):
            journal.append([b"x" * 100_000], at=START)
        assert journal.append([b"b"], at=START) == range(1, 2)


def test_several_threads_get_numbers_of_their_own(state: StateDirectory) -> None:
    with closing(open_journal(state)) as journal, ThreadPoolExecutor(8) as pool:
        ranges = list(pool.map(lambda n: journal.append([b"%d" % n] * 3, at=START), range(40)))
    numbers = sorted(number for one in ranges for number in one)
    assert numbers == list(range(1, 121))
    assert len(records(state, ONE)) == 120


def damaged_journal(state: StateDirectory, count: int = 400) -> bytes:
    """Make a journal with ``count`` statements of 100 bytes, settings, and no log beside it."""
    with closing(open_journal(state)) as journal:
        journal.set_setting("secret", b"kept")
        journal.append([b"%03d" % number + b"x" * 97 for number in range(1, count + 1)], at=START)
    return state.journal.resolve().read_bytes()


def test_a_bad_page_costs_only_its_own_statements(state: StateDirectory) -> None:
    data = damaged_journal(state)
    page = data.index(b"200xxx") // 4096
    damage_file(state.journal.resolve(), page * 4096, b"\xff" * 4096)
    with pytest.raises(DamagedError):
        records(state, ONE)
    with closing(open_journal(state, TWO, {ONE: 10})) as journal:
        opening = journal.opening
        assert opening.reason == "salvage"
        assert opening.damage
        assert opening.set_aside is not None
        assert opening.set_aside.exists()
        assert journal.epoch == TWO
        assert journal.setting("secret", b"") == b"kept"
        after = journal.append([b"new"], at=START)
    kept, renumbered = records(state, ONE), records(state, TWO)
    # Those before the gap keep their numbers, those behind it get new ones, without a gap.
    assert min(kept) == 11
    assert all(record.startswith(b"%03d" % number) for number, record in kept.items())
    assert len(kept) == opening.kept
    assert list(renumbered) == list(range(1, after.start + 1))
    assert renumbered[after.start] == b"new"
    assert renumbered[1] > kept[max(kept)]
    lost = 390 - opening.kept - opening.renumbered
    assert 0 < lost < 60
    with closing(open_journal(state, THREE, {ONE: 10})) as journal:
        assert journal.opening.reason == ""


def test_a_flipped_bit_in_a_statement_is_noticed(state: StateDirectory) -> None:
    data = damaged_journal(state, 20)
    damage_file(state.journal.resolve(), data.index(b"007xxx") + 20, b"y")
    with pytest.raises(DamagedError, match="A statement in"):
        records(state, ONE)
    with closing(open_journal(state, TWO)) as journal:
        assert (journal.opening.kept, journal.opening.renumbered) == (6, 13)
    assert list(records(state, ONE)) == [1, 2, 3, 4, 5, 6]
    assert records(state, TWO)[1].startswith(b"008")


def test_a_file_of_which_nothing_is_left_begins_anew(state: StateDirectory) -> None:
    damaged_journal(state)
    state.journal.resolve().write_bytes(b"\x00" * 8192 + b"\xff" * 8192)
    with closing(open_journal(state, TWO)) as journal:
        assert (journal.opening.reason, journal.opening.kept) == ("salvage", 0)
        assert journal.append([b"a"], at=START) == range(1, 2)


def test_a_journal_without_an_epoch_is_not_used(state: StateDirectory) -> None:
    damaged_journal(state, 3)
    with closing(sqlite3.connect(state.journal)) as connection, connection:
        connection.execute("DELETE FROM epoch")
    with closing(open_journal(state, TWO)) as journal:
        assert journal.epoch == TWO
        assert journal.opening.kept + journal.opening.renumbered == 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE epoch SET last = 1",
        "UPDATE epoch SET last = 9",
        "UPDATE epoch SET pruned = 2",
        "UPDATE epoch SET pruned = 1000000",
    ],
)
def test_damaged_bounds_of_an_epoch_lose_nothing_and_repeat_nothing(
    state: StateDirectory, sql: str
) -> None:
    damaged_journal(state, 3)
    with closing(sqlite3.connect(state.journal)) as connection, connection:
        connection.execute(sql)
    with closing(open_journal(state, TWO)) as journal:
        assert journal.opening.kept == 3
        assert journal.append([b"new"], at=START) == range(1, 2)
    assert list(records(state, ONE)) == [1, 2, 3]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_salvage_never_invents_or_repeats_a_statement(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    state = make_state(tmp_path_factory.mktemp("salvage") / "state")
    size = len(damaged_journal(state, 120))
    at = data.draw(st.integers(0, size - 1))
    with state.journal.resolve().open("r+b") as file:
        file.seek(at)
        file.write(data.draw(st.binary(min_size=1, max_size=600)))
    with closing(open_journal(state, TWO)) as journal:
        appended = journal.append([b"new"], at=START)
        found = [row.record for epoch in journal.reader.epochs()
                 for row in journal.reader.unsent(epoch.epoch, 0, 1000)]  # fmt: skip
        assert appended.start == journal.reader.epochs()[-1].last
    true = {b"%03d" % number + b"x" * 97 for number in range(1, 121)} | {b"new"}
    assert set(found) <= true
    assert len(found) == len(set(found))
