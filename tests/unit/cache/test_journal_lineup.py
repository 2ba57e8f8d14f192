"""The line-up in the journal: kept, given back, pruned; what makes no sense is left."""

from array import array
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cache.journal import Journal
from cache.journal_lineup import (
    KEPT,
    Feed,
    Reach,
    forget_others,
    keep_reach,
    keep_runs,
    lineup,
    reach,
)
from cache.journal_pins import pinned
from cache.state import StateDirectory
from core.digest import digest_of
from core.lineup import SLATE, Part, Run, Source
from core.rendition import TICKS
from tests.support.nodes import make_state

SLATE_SOURCE = Source(SLATE, 9, array("Q", [5, 6]), array("Q", [0, 4, 8]), loops=True)
SLATES = {True: SLATE_SOURCE, False: SLATE_SOURCE}
LESSON = Source(
    digest_of(b"lesson"), 7, array("Q", [10, 11, 12]), array("Q", [0, 40, 80, 90]), name="96p"
)
FEED = Feed("g5", sound=False)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


@pytest.fixture
def journal(state: StateDirectory) -> Iterator[Journal]:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    with closing(Journal(state, fresh_epoch=b"epoch 01", at=at, acknowledged={})) as one:
        yield one


def lesson(first: int, start: int, source: Source = LESSON) -> Part:
    return Part(Run(first, first, start, source.digest, 1, 77, "p", "i"), source)


def slate(first: int, start: int) -> Part:
    return Part(Run(first, first, start, SLATE), SLATE_SOURCE)


def test_runs_come_back_as_they_were_kept(journal: Journal, state: StateDirectory) -> None:
    parts = [slate(1, 100), lesson(5, 200), slate(9, 300)]
    journal.change(lambda file: keep_runs(file, FEED, parts))
    other = Feed("g5", sound=True)
    journal.change(lambda file: keep_runs(file, other, [slate(3, 100)]))
    assert lineup(state.journal, SLATES, 10) == {FEED: parts, other: [slate(3, 100)]}
    assert lineup(state.journal, SLATES, 2)[FEED] == parts[1:]


def test_a_run_with_the_same_number_takes_the_place_of_one(
    journal: Journal, state: StateDirectory
) -> None:
    journal.change(lambda file: keep_runs(file, FEED, [slate(1, 100), slate(5, 200)]))
    journal.change(lambda file: keep_runs(file, FEED, [lesson(5, 210)]))
    assert lineup(state.journal, SLATES, 10)[FEED] == [slate(1, 100), lesson(5, 210)]


def test_old_runs_go_and_what_is_shown_is_pinned(journal: Journal, state: StateDirectory) -> None:
    old = Source(digest_of(b"old"), 7, LESSON.sizes, LESSON.starts)
    journal.change(lambda file: keep_runs(file, FEED, [lesson(1, 100, old), lesson(5, 200)]))
    assert pinned(state) == {digest_of(b"old"), digest_of(b"lesson")}
    journal.change(lambda file: keep_runs(file, FEED, [lesson(9, 200 + 3700 * TICKS)]))
    assert pinned(state) == {digest_of(b"lesson")}
    journal.change(lambda file: keep_runs(file, FEED, [slate(12, 300 + KEPT)]))
    assert [part.run.first for part in lineup(state.journal, SLATES, 10)[FEED]] == [9, 12]
    journal.change(lambda file: forget_others(file, [], 300 + KEPT))
    assert pinned(state) == set()


def test_what_a_channel_showed_that_is_no_more_goes_in_time(
    journal: Journal, state: StateDirectory
) -> None:
    gone = Feed("g6", sound=False)
    for feed in (FEED, gone):
        journal.change(lambda file, of=feed: keep_runs(file, of, [slate(1, 100)]))  # type: ignore[misc]
    journal.change(lambda file: forget_others(file, [FEED], 100 + KEPT))
    assert set(lineup(state.journal, SLATES, 10)) == {FEED, gone}
    journal.change(lambda file: forget_others(file, [FEED], 101 + KEPT))
    assert set(lineup(state.journal, SLATES, 10)) == {FEED}


def test_how_far_it_went_is_kept_once(journal: Journal, state: StateDirectory) -> None:
    assert reach(state.journal) is None
    for one in (Reach(5, "boot", exact=False), Reach(9, "boot", exact=True)):
        journal.change(lambda file, kept=one: keep_reach(file, kept))  # type: ignore[misc]
        assert reach(state.journal) == one


def test_rows_that_make_no_sense_end_what_is_known(journal: Journal, state: StateDirectory) -> None:
    parts = [slate(1, 100), lesson(5, 200), slate(9, 300)]
    journal.change(lambda file: keep_runs(file, FEED, parts))
    journal.change(lambda file: file.execute("UPDATE lineup_source SET document = x'00'"))
    assert lineup(state.journal, SLATES, 10)[FEED] == parts[2:]
    journal.change(lambda file: file.execute("UPDATE lineup_run SET segment = 7 WHERE first = 9"))
    assert FEED not in lineup(state.journal, SLATES, 10)


def test_there_may_be_no_journal_yet(state: StateDirectory) -> None:
    assert lineup(state.journal, SLATES, 10) == {}
    assert reach(state.journal) is None
