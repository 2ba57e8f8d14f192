"""The journal's tables of teachers: what they keep, and how they look to an older journal."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cache.databases import open_writer
from cache.journal import Journal
from cache.journal_changes import changes
from cache.journal_reader import JournalReader
from cache.journal_said import keep_said, said
from cache.journal_schema import MIGRATIONS
from cache.journal_sign_ins import MOST_SIGN_INS, SignIn, keep_sign_in, sign_ins
from cache.journal_wishes import MOST_WISHES, Wish, drop_wish, keep_wish, wishes
from cache.state import StateDirectory
from core.names import PackId
from core.school_time import Confirmation
from tests.support.nodes import damage_file

AT = datetime(2026, 11, 25, tzinfo=UTC)
PACK = PackId("gd/zhuhai/math-g5")


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path)


@pytest.fixture
def journal(state: StateDirectory) -> Iterator[Journal]:
    with closing(reopened(state)) as one:
        yield one


def reopened(state: StateDirectory) -> Journal:
    return Journal(state, fresh_epoch=secrets.token_bytes(8), at=AT, acknowledged={})


def wish(item: str, by: int | None = None) -> Wish:
    return Wish(pack=PACK, item=item, wanted_by=by, teacher="王老师", at=1.0)


def test_without_a_journal_or_with_an_older_one_all_is_empty(state: StateDirectory) -> None:
    for made in (False, True):
        if made:
            open_writer(state.journal, MIGRATIONS[:1]).close()
        assert wishes(state.journal) == []
        assert changes(state.journal) == []
        assert sign_ins(state.journal) == []
        assert said(state.journal) is None


def test_a_wish_is_kept_once_for_an_item(state: StateDirectory, journal: Journal) -> None:
    for one in (wish("a"), wish("b", 7), wish("a", 5)):
        assert journal.change(lambda file, one=one: keep_wish(file, one))  # type: ignore[misc]
    assert wishes(state.journal) == [wish("a", 5), wish("b", 7)]
    journal.change(lambda file: drop_wish(file, PACK, "a"))
    assert wishes(state.journal) == [wish("b", 7)]


def test_wishes_are_bounded_and_said_so(state: StateDirectory, journal: Journal) -> None:
    for number in range(MOST_WISHES):
        assert journal.change(lambda file, item=f"i{number}": keep_wish(file, wish(item)))  # type: ignore[misc]
    assert not journal.change(lambda file: keep_wish(file, wish("more")))
    assert journal.change(lambda file: keep_wish(file, wish("i7", 9)))
    assert len(wishes(state.journal)) == MOST_WISHES


def test_sign_ins_are_bounded_and_the_oldest_goes(state: StateDirectory, journal: Journal) -> None:
    for number in range(MOST_SIGN_INS + 3):
        one = SignIn(b"%d" % number, "王老师", b"m", "boot", float(number), 0.0)
        journal.change(lambda file, one=one: keep_sign_in(file, one))  # type: ignore[misc]
    found = {one.token for one in sign_ins(state.journal)}
    assert len(found) == MOST_SIGN_INS
    assert b"2" not in found
    assert b"3" in found


def test_the_last_confirmation_counts(state: StateDirectory, journal: Journal) -> None:
    for moment in (1.0, 2.0):
        one = Confirmation("boot", moment, 1e9 + moment)
        journal.change(lambda file, one=one: keep_said(file, one, "王老师"))  # type: ignore[misc]
    assert said(state.journal) == Confirmation("boot", 2.0, 1e9 + 2.0)


def test_rows_that_make_no_sense_are_left_out(state: StateDirectory, journal: Journal) -> None:
    journal.close()
    with closing(open_writer(state.journal, MIGRATIONS)) as file:
        file.execute("INSERT INTO wish VALUES ('x/y/z', 'a', -5, '', 1.0)")
        file.execute("INSERT INTO change VALUES ('g5', 1, 'explode', 0, '', 1.0)")
        file.execute("INSERT INTO change VALUES ('g5', -1, 'shift', 0, '', 1.0)")
    assert wishes(state.journal) == []
    assert changes(state.journal) == []


def test_a_damaged_journal_gives_back_the_rows_that_can_be_read(
    state: StateDirectory, journal: Journal
) -> None:
    count = MOST_WISHES
    for number in range(count):
        one = Wish(pack=PACK, item=f"{number:03d}" + "x" * 90, wanted_by=None, teacher="", at=1.0)
        journal.change(lambda file, one=one: keep_wish(file, one))  # type: ignore[misc]
    journal.change(lambda file: keep_said(file, Confirmation("boot", 1.0, 2.0), "王老师"))
    journal.close()
    data = state.journal.resolve().read_bytes()
    page = data.index(b"100xxx") // 4096
    damage_file(state.journal.resolve(), page * 4096, b"\xff" * 4096)

    with closing(reopened(state)) as again:
        assert again.opening.damage
        assert again.opening.others > count // 2

    found = {one.item[:3] for one in wishes(state.journal)}
    assert count // 2 < len(found) < count
    assert {"000", f"{count - 1:03d}"} <= found
    assert said(state.journal) == Confirmation("boot", 1.0, 2.0)


def test_a_table_whose_head_is_gone_costs_nothing_else(
    state: StateDirectory, journal: Journal
) -> None:
    journal.change(lambda file: keep_wish(file, wish("a")))
    journal.change(lambda file: file.execute("DROP TABLE change"))
    journal.close()
    with closing(reopened(state)) as again:
        assert again.opening.damage
    assert wishes(state.journal) == [wish("a")]
    assert changes(state.journal) == []


def test_a_statement_is_kept_together_with_what_it_tells(
    state: StateDirectory, journal: Journal
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal.change(fail, [b"a"], at=AT)
    journal.change(lambda file: keep_wish(file, wish("a")), [b"b", b"c"], at=AT)
    rows = JournalReader(state.journal).unsent(journal.epoch, 0, 10)
    assert [(row.sequence, row.record) for row in rows] == [(1, b"b"), (2, b"c")]
    assert journal.append([b"d"], at=AT) == range(3, 4)
