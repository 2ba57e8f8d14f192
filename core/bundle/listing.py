"""What a version's files are, told to somebody who has an older version's list.

Rows that stay are not told at all, nor what the reader finds out by itself: the digest of what
it makes is known when it is made. Who told it proves the result by the digest of the whole list.

A listing is columns of numbers (``core.bundle.varint``), a text, and digests:

    7 numbers     bytes of each of the five columns, and of the text; how many types there are
    removed       numbers of the base's rows that are no more, each counted from behind the last
    outputs       for each output: 0, where its path is a new one; else 1 more than the number of
                  the base's row that it replaces, counted from behind the last (signed)
    sizes         for each output: its bytes; where it replaces a row, what it has more (signed)
    copies        for each other row, whose content the reader has or makes otherwise, two
                  numbers: as in ``outputs``; and which content, counted from behind the last
                  (signed): the base's contents by number, then the outputs
    types         for each new path: the number of its type
    text          the types, then the new paths in their order; a NUL behind each
    digests       of the outputs behind the first ``untold``, 32 bytes each

Rows are in the order of their paths. The base's *contents* are its distinct files, in the order
of (extension with A to Z made small, path) of the first row that has each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Final, NamedTuple

from core.bundle.varint import pack, signed, unpack, unpack_first, unsigned
from core.digest import DIGEST_BYTES, Digest, digest_from_bytes
from core.errors import RefusedError

MAX_ROWS: Final = 200_000
MAX_LISTING_BYTES: Final = 32 * 1024 * 1024
MAX_TEXT_BYTES: Final = 16 * 1024 * 1024
"""Most bytes of all new paths and types; a manifest has no more either."""
MAX_WORD_BYTES: Final = 4096
"""Most bytes of one of them: a type may be that of many rows."""
MAX_SIZE: Final = 1 << 40
_COLUMNS: Final = 5
_PAIR: Final = 2
_SEPARATOR: Final = "\0"
_SMALL: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


class Row(NamedTuple):
    """One file of a version.

    Attributes:
        path: where it is.
        digest: of its content.
        size: bytes.
        type: of what kind its content is, as the version's maker says.
    """

    path: str
    digest: Digest
    size: int
    type: str = ""


class ListedRow(NamedTuple):
    """A row whose content may be one that is not made yet.

    Attributes:
        content: its digest; or the number of the output that it is.
    """

    path: str
    content: Digest | int
    size: int
    type: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A version's rows, as far as its reader knows them.

    Attributes:
        rows: all of them, in the order of their paths.
        sizes: bytes of each output.
        digests: those of outputs that are known before they are made.
    """

    rows: list[ListedRow]
    sizes: list[int]
    digests: Mapping[int, Digest]

    def complete(self, made: Mapping[int, Digest]) -> list[Row]:
        """Give the rows, the digests of all outputs being known.

        Args:
            made: the digest of each output.
        """
        return [
            Row(path, made[content] if isinstance(content, int) else content, size, kind)
            for path, content, size, kind in self.rows
        ]


def contents(rows: Sequence[Row]) -> list[tuple[Digest, int]]:
    """Give a version's distinct files and their bytes, similar ones together."""
    found: dict[Digest, int] = {}
    for row in sorted(rows, key=_similarity):
        found.setdefault(row.digest, row.size)
    return list(found.items())


def _similarity(row: Row) -> tuple[str, str]:
    """Give extension and path; other letters' small ones depend on the version of Unicode."""
    stem, _, extension = row.path.rpartition("/")[2].rpartition(".")
    return extension.translate(_SMALL) if stem else "", row.path


def encode_listing(
    rows: Sequence[Row], base: Sequence[Row], outputs: Sequence[Digest], untold: int
) -> bytes:
    """Tell the rows of a version.

    Args:
        rows: in the order of their paths.
        base: the rows that the reader has.
        outputs: the contents that it makes, in their order.
        untold: of so many outputs, the first ones, the digests are not told.
    """
    return _Writer(rows, base, outputs).encoded(untold)


class _Writer:
    """Makes the columns of a listing."""

    def __init__(self, rows: Sequence[Row], base: Sequence[Row], outputs: Sequence[Digest]) -> None:
        self._rows, self._base = rows, base
        self._numbers = {row.path: number for number, row in enumerate(base)}
        self._outputs = {digest: number for number, digest in enumerate(outputs)}
        self._contents = {digest: n for n, (digest, _) in enumerate(contents(base))}
        self._types: list[str] = []
        self._paths: list[str] = []
        self._kinds: list[int] = []
        self._behind = 0

    def encoded(self, untold: int) -> bytes:
        firsts: dict[Digest, Row] = {}
        copies: list[Row] = []
        for row in self._rows:
            if self._is_kept(row):
                continue
            if row.digest in self._outputs and row.digest not in firsts:
                firsts[row.digest] = row
            else:
                copies.append(row)
        made = [firsts[digest] for digest in self._outputs]
        columns = [
            self._removed(),
            pack(self._place(row) for row in made),
            pack(map(self._size, made)),
            pack(self._copies(copies)),
            pack(self._kinds),
        ]
        words = [*self._types, *self._paths]
        text = "".join(word + _SEPARATOR for word in words).encode()
        digests = b"".join(bytes.fromhex(one.digest) for one in made[untold:])
        return b"".join(
            [pack([*map(len, columns), len(text), len(self._types)]), *columns, text, digests]
        )

    def _is_kept(self, row: Row) -> bool:
        number = self._numbers.get(row.path)
        return number is not None and self._base[number] == row

    def _replaced(self, row: Row) -> int | None:
        """Give the row of the base that a row replaces, unless it is of another type."""
        number = self._numbers.get(row.path)
        return number if number is not None and self._base[number].type == row.type else None

    def _removed(self) -> bytes:
        stays = {row.path for row in self._rows if self._replaced(row) is not None}
        gone = [number for number, row in enumerate(self._base) if row.path not in stays]
        return pack(one - before - 1 for one, before in zip(gone, [-1, *gone], strict=False))

    def _place(self, row: Row) -> int:
        number = self._replaced(row)
        if number is None:
            if row.type not in self._types:
                self._types.append(row.type)
            self._kinds.append(self._types.index(row.type))
            self._paths.append(row.path)
            return 0
        move, self._behind = number - self._behind, number + 1
        return unsigned(move) + 1

    def _size(self, row: Row) -> int:
        number = self._replaced(row)
        return row.size if number is None else unsigned(row.size - self._base[number].size)

    def _copies(self, rows: Sequence[Row]) -> Iterator[int]:
        behind = 0
        for row in rows:
            yield self._place(row)
            known = self._contents.get(row.digest)
            content = len(self._contents) + self._outputs[row.digest] if known is None else known
            yield unsigned(content - behind)
            behind = content + 1


def decode_listing(data: bytes, base: Sequence[Row], untold: int) -> Listing:
    """Read a listing whose bytes were verified.

    Args:
        data: what ``encode_listing`` gave.
        base: the rows that the reader has.
        untold: as it was encoded with.

    Raises:
        RefusedError: it is malformed, or does not fit ``base``.
    """
    if len(data) > MAX_LISTING_BYTES:
        raise _fault()
    return _Reader(data, base).listing(untold)


class _Reader:
    """Reads the columns of a listing."""

    def __init__(self, data: bytes, base: Sequence[Row]) -> None:
        view = memoryview(data)
        (*lengths, types), at = unpack_first(view, _COLUMNS + 2)
        parts: list[memoryview] = []
        for length in lengths:
            parts.append(view[at : at + length])
            at += length
        if at > len(view):
            raise _fault()
        self._digests = view[at:]
        self._removed, self._places, self._sizes, self._copies, kinds = (
            unpack(part, _PAIR * MAX_ROWS) for part in parts[:-1]
        )
        if len(self._places) != len(self._sizes):
            raise _fault()
        self._kinds = iter(kinds)
        words = _words(bytes(parts[-1]))
        if types > len(words):
            raise _fault()
        self._types, self._paths = words[:types], iter(words[types:])
        self._base = base
        self._behind = 0
        self._named: set[int] = set()

    def listing(self, untold: int) -> Listing:
        rows = {row.path: ListedRow(*row) for row in self._base}
        self._remove(rows)
        sizes: list[int] = []
        for content, (place, size) in enumerate(zip(self._places, self._sizes, strict=True)):
            path, kind, was = self._row(place, rows)
            sizes.append(signed(size) + was if was is not None else size)
            rows[path] = ListedRow(path, content, sizes[-1], kind)
        self._copy(rows, sizes)
        if any(not 0 <= size <= MAX_SIZE for size in sizes) or len(rows) > MAX_ROWS:
            raise _fault()
        if next(self._paths, None) is not None or next(self._kinds, None) is not None:
            raise _fault()
        return Listing(
            [rows[path] for path in sorted(rows)], sizes, self._known(len(sizes), untold)
        )

    def _remove(self, rows: dict[str, ListedRow]) -> None:
        number = -1
        for gap in self._removed:
            number += gap + 1
            del rows[self._name(number).path]

    def _name(self, number: int) -> Row:
        """Give a row of the base, which is named once."""
        if not 0 <= number < len(self._base) or number in self._named:
            raise _fault()
        self._named.add(number)
        return self._base[number]

    def _row(self, place: int, rows: Mapping[str, ListedRow]) -> tuple[str, str, int | None]:
        """Give path and type of a row, and the bytes of the one that it replaces.

        Args:
            place: as it is told.
            rows: those that stay, as far as they are not replaced, and those that were told.
        """
        if not place:
            path, kind = next(self._paths, None), next(self._kinds, None)
            if path is None or kind is None or kind >= len(self._types) or path in rows:
                raise _fault()
            return path, self._types[kind], None
        number = self._behind + signed(place - 1)
        row = self._name(number)
        self._behind = number + 1
        return row.path, row.type, row.size

    def _copy(self, rows: dict[str, ListedRow], sizes: Sequence[int]) -> None:
        if len(self._copies) % _PAIR:
            raise _fault()
        known = contents(self._base)
        behind = 0
        pairs = zip(self._copies[::_PAIR], self._copies[1::_PAIR], strict=True)
        for place, move in pairs:
            path, kind, _ = self._row(place, rows)
            number = behind + signed(move)
            behind = number + 1
            if not 0 <= number < len(known) + len(sizes):
                raise _fault()
            output = number - len(known)
            content, size = known[number] if output < 0 else (output, sizes[output])
            rows[path] = ListedRow(path, content, size, kind)

    def _known(self, outputs: int, untold: int) -> dict[int, Digest]:
        told = range(min(untold, outputs), outputs)
        if len(self._digests) != DIGEST_BYTES * len(told):
            raise _fault()
        return {
            number: digest_from_bytes(bytes(self._digests[at : at + DIGEST_BYTES]))
            for number, at in zip(told, range(0, len(self._digests), DIGEST_BYTES), strict=True)
        }


def _words(text: bytes) -> list[str]:
    """Give the words of a text, each of which ends with a NUL."""
    if len(text) > MAX_TEXT_BYTES or text.count(0) > 2 * MAX_ROWS or text[-1:] not in {b"", b"\0"}:
        raise _fault()
    words = text.split(_SEPARATOR.encode())[:-1]
    if any(len(word) > MAX_WORD_BYTES for word in words):
        raise _fault()
    try:
        # One by one: a single strange letter would make the whole text four times as large.
        return [word.decode() for word in words]
    except UnicodeDecodeError as error:
        raise _fault() from error


def _fault() -> RefusedError:
    return RefusedError("The bundle's list of files is damaged.")
