"""Rows of files, and what the listing of a delta tells about the new ones."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from tests.support.second_decoder.reading import Reader, demand, digest_of, unfold


class Row(NamedTuple):
    """A file, its columns in the order that the digest of rows has them."""

    path: str
    digest: str
    size: int
    type: str


class Named(NamedTuple):
    """A row of the new version; contents of the base are numbered first, then outputs."""

    path: str
    type: str
    content: int


class Output(NamedTuple):
    """What blocks make: its bytes, and its digest if the listing tells it."""

    size: int
    digest: bytes | None


def digest_of_rows(rows: Iterable[Row]) -> bytes:
    """Give the digest of rows."""
    return digest_of(msgspec.msgpack.encode(sorted(rows)))


def contents_of(rows: Iterable[Row]) -> list[Row]:
    """Give the first row of each content, in the order in which the space has them."""
    first = {row.digest: row for row in sorted(rows, key=_place, reverse=True)}
    return sorted(first.values(), key=_place)


def _place(row: Row) -> tuple[str, str]:
    stem, _, extension = row.path.rpartition("/")[2].rpartition(".")
    # Letters A to Z alone are made small.
    small = extension.encode().lower().decode()
    return small if stem else "", row.path


def listed(text: Reader, old: Sequence[Row], untold: int) -> tuple[list[Named], list[Output]]:
    """Give the new version's rows and what is to be made, from a listing.

    Raises:
        WrongBundleError: It is not a listing for these rows.
    """
    *sizes, type_count = text.numbers(7)
    removed, replaced, growth, copied, types = (text.part(size) for size in sizes[:5])
    names = text.take(sizes[5]).decode().split("\0")
    demand(names.pop() == "", "a text without its last NUL")
    new = [Row(path, "", 0, names[types.number()]) for path in names[type_count:]]
    types.end()
    cursor = _Cursor(old, new)
    cursor.remove(removed)
    contents = len(contents_of(old))
    rows: list[Named] = []
    outputs: list[Output] = []
    while replaced.left:
        row, is_new = cursor.next_row(replaced)
        rows.append(Named(row.path, row.type, contents + len(outputs)))
        size = growth.number() if is_new else row.size + growth.signed()
        demand(size >= 0, "an output of less than nothing")
        outputs.append(Output(size, None if len(outputs) < untold else text.take(32)))
    growth.end()
    text.end()
    content = -1
    while copied.left:
        row, _ = cursor.next_row(copied)
        content += 1 + copied.signed()
        demand(0 <= content < contents + len(outputs), "no such content")
        rows.append(Named(row.path, row.type, content))
    return rows + cursor.rows_that_stay(), outputs


class _Cursor:
    """Which row is next, of the old ones and of those with new paths."""

    def __init__(self, old: Sequence[Row], new: Sequence[Row]) -> None:
        self._old, self._new = old, list(new)
        self._named: set[int] = set()
        self._at = 0

    def remove(self, removed: Reader) -> None:
        at = -1
        while removed.left:
            at += 1 + removed.number()
            self._name(at)

    def next_row(self, column: Reader) -> tuple[Row, bool]:
        told = column.number()
        if not told:
            demand(self._new, "a new row without a path")
            return self._new.pop(0), True
        at = self._at + unfold(told - 1)
        self._at = at + 1
        return self._name(at), False

    def _name(self, at: int) -> Row:
        demand(0 <= at < len(self._old) and at not in self._named, "a row that is none, or twice")
        self._named.add(at)
        return self._old[at]

    def rows_that_stay(self) -> list[Named]:
        demand(not self._new, "a path without a row")
        contents = {row.digest: number for number, row in enumerate(contents_of(self._old))}
        return [
            Named(row.path, row.type, contents[row.digest])
            for at, row in enumerate(self._old)
            if at not in self._named
        ]
