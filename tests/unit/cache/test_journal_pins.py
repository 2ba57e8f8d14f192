import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cache import journal_classes
from cache.databases import DamagedError
from cache.journal import Journal
from cache.journal_pins import pin, pinned, unpin
from cache.state import StateDirectory
from core.digest import digest_of
from tests.support.nodes import damage_file, make_state

FILM, OTHER, SOUND = (digest_of(one) for one in (b"film", b"other", b"sound"))


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


def journal(state: StateDirectory) -> closing[Journal]:
    at = datetime(2027, 3, 2, tzinfo=UTC)
    return closing(Journal(state, fresh_epoch=b"12345678", at=at, acknowledged={}))


def test_nothing_is_pinned_where_there_is_no_journal(state: StateDirectory) -> None:
    assert pinned(state) == set()


def test_a_blob_stays_pinned_until_the_last_reason_is_gone(state: StateDirectory) -> None:
    with journal(state) as one:
        one.change(lambda connection: pin(connection, "class 1", [FILM, SOUND]))
        one.change(lambda connection: pin(connection, "class 1", [FILM]))
        one.change(lambda connection: pin(connection, "channel g5", [FILM, OTHER]))
        assert pinned(state) == {FILM, OTHER, SOUND}
        one.change(lambda connection: unpin(connection, "class 1"))
        assert pinned(state) == {FILM, OTHER}
    with journal(state) as one:
        assert pinned(state) == {FILM, OTHER}
        one.change(lambda connection: unpin(connection, "channel g5"))
        one.change(lambda connection: unpin(connection, "channel g5"))
    assert pinned(state) == set()


def test_pins_of_classes_that_nobody_knows_go_when_classes_are_pruned(
    state: StateDirectory,
) -> None:
    with journal(state) as one:
        one.change(lambda connection: pin(connection, "class lost", [FILM]))
        one.change(lambda connection: pin(connection, "air g5", [SOUND]))
        one.change(lambda connection: journal_classes.prune(connection, None))
    assert pinned(state) == {SOUND}


def test_a_journal_of_an_earlier_release_pins_nothing_and_gets_the_table(
    state: StateDirectory,
) -> None:
    with journal(state):
        pass
    with closing(sqlite3.connect(state.journal.resolve())) as connection:
        connection.execute("DROP TABLE pin")
        connection.execute("DELETE FROM migration WHERE name = 'pins'")
        connection.commit()
    assert pinned(state) == set()
    with journal(state) as one:
        one.change(lambda connection: pin(connection, "class 1", [FILM]))
        assert one.opening.reason == ""
    assert pinned(state) == {FILM}


def test_a_damaged_journal_is_not_taken_for_one_without_pins(state: StateDirectory) -> None:
    with journal(state):
        pass
    damage_file(state.journal.resolve(), at=0, data=b"\xff" * 5000)
    with pytest.raises(DamagedError):
        pinned(state)
