"""Checks of what teachers added: each row has its file, whole."""

from collections.abc import Iterator
from typing import Final

from cache.databases import DamagedError
from cache.finding import Finding
from cache.journal_own import OwnFile, own_files
from cache.own_store import OwnStore
from cache.state import StateDirectory
from core.display import one_line

_AGAIN: Final = "Let a teacher remove it on the page of its lesson, and add it again."


def check_own(state: StateDirectory, *, deep: bool) -> Iterator[Finding]:
    """Check that the files of this school are here.

    Args:
        state: the node's state directory.
        deep: read them all, too.

    Raises:
        ExhaustedError: the disk is broken.
    """
    try:
        rows = own_files(state.journal)
    except DamagedError:
        return  # said by the journal's own check
    store = OwnStore(state)
    for one in rows:
        if store.size(one.id) != one.size:
            yield _finding("The file {name}, which a teacher added, is missing.", one)
        elif deep and store.digest(one.id) != one.digest:
            yield _finding("The file {name}, which a teacher added, is damaged.", one)


def _finding(template: str, one: OwnFile) -> Finding:
    return Finding(template, hint=_AGAIN, fields={"name": one_line(one.name)}, repairable=False)
