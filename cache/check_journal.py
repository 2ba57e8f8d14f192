"""Checks of the journal: nothing lost, no number used twice, nothing acknowledged unheard of."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from cache.agent_reader import AgentReader
from cache.databases import DamagedError, open_reader, require_sound, sqlite_in_words
from cache.finding import Finding
from cache.journal_reader import is_sound
from cache.state import StateDirectory

_RESTART: Final = "Restart the portal: it saves what can be saved."


def check_journal(state: StateDirectory) -> Iterator[Finding]:
    """Check that the journal is whole and agrees with the acknowledgements.

    Raises:
        ExhaustedError: the disk is broken.
    """
    try:
        with (
            sqlite_in_words(state.journal, reading=True),
            closing(open_reader(state.journal)) as connection,
        ):
            require_sound(connection, state.journal)
            connection.execute("BEGIN")
            yield from _check_rows(connection)
            yield from _check_numbers(connection, AgentReader(state.agent).acknowledged())
    except FileNotFoundError:
        return
    except DamagedError:
        yield _finding("The journal is damaged.")


def _check_rows(connection: sqlite3.Connection) -> Iterator[Finding]:
    rows = connection.execute("SELECT epoch, sequence, at, record, checksum FROM statement")
    for row in rows:
        if not is_sound(*row):
            yield _finding("The statement {number} of epoch {epoch} is damaged.",
                           number=row[1], epoch=row[0].hex())  # fmt: skip


def _check_numbers(
    connection: sqlite3.Connection, acknowledged: dict[bytes, int]
) -> Iterator[Finding]:
    epochs = connection.execute("SELECT epoch, last, pruned FROM epoch").fetchall()
    if not epochs:
        yield _finding("The journal has no epoch.")
    for epoch, last, pruned in epochs:
        count, first, highest = connection.execute(
            "SELECT count(*), min(sequence), max(sequence) FROM statement WHERE epoch = ?", (epoch,)
        ).fetchone()
        expected = (last - pruned, pruned + 1, last) if last > pruned else (0, None, None)
        if (count, first, highest) != expected:
            yield _finding(
                "Statements of epoch {epoch} are missing: {count} of {expected} are here.",
                epoch=epoch.hex(), count=count, expected=expected[0],
            )  # fmt: skip
        if acknowledged.get(epoch, 0) > last:
            yield _finding(
                "The hub has statements up to {number} of epoch {epoch}, but only {last} were made:"
                " the journal is an older copy.",
                number=acknowledged[epoch], epoch=epoch.hex(), last=last,
            )  # fmt: skip
        if pruned > acknowledged.get(epoch, pruned):
            yield _finding(
                "Statements up to {number} of epoch {epoch} were removed, but the hub has only"
                " those up to {acknowledged}.",
                number=pruned, epoch=epoch.hex(), acknowledged=acknowledged[epoch],
            )  # fmt: skip
    strays = connection.execute(
        "SELECT count(*) FROM statement WHERE epoch NOT IN (SELECT epoch FROM epoch)"
    ).fetchone()[0]
    if strays:
        yield _finding("{count} statements belong to no epoch.", count=strays)


def _finding(template: str, **fields: object) -> Finding:
    return Finding(template, hint=_RESTART, fields=fields, repairable=False)
