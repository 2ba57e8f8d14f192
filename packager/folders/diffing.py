"""``packhorse pack diff``: a bundle that leads from one plain folder to another."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.bundle.codecs import ZSTD
from core.bundle.compact import CompactBlock, CompactIndex
from core.bundle.encode import compress_zstd
from core.bundle.frame import encode_compact_head
from core.bundle.listed import Rows, encode_listed
from core.bundle.listing import Row, contents
from core.digest import Digest
from packager.delta.making import LEVEL, MadeBlock, New, Source, make_blocks
from packager.delta.probing import compresses
from packager.folders.reading import read_folder, root_of

# Smaller ones share blocks with others whether they compress or not.
_STORED_BYTES: Final = 1024 * 1024

Progress = Callable[[int], None]
Phases = Callable[[str, int], AbstractContextManager[Progress]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A bundle between two folders.

    Attributes:
        head: frame and index.
        payloads: what follows it.
        new_bytes: of the files that it makes.
        files: how many the new folder has.
        added, changed, moved, removed: how many files differ, and how.
    """

    head: bytes
    payloads: list[bytes]
    new_bytes: int
    files: int
    added: int
    changed: int
    moved: int
    removed: int

    @property
    def size(self) -> int:
        """Bytes of the bundle."""
        return len(self.head) + sum(map(len, self.payloads))

    def data(self) -> bytes:
        """Give the bundle."""
        return b"".join([self.head, *self.payloads])


def diff_folders(old: Path, new: Path, phases: Phases) -> Difference:
    """Make the bundle that leads from one folder to another.

    Args:
        old: what its reader has.
        new: what it is to have.
        phases: opens phases of the work, and is told of their progress.

    Raises:
        UsageError: a folder cannot be read, or is changed meanwhile.
    """
    base, rows = read_folder(old), read_folder(new)
    was = contents(base)
    held = {digest for digest, _ in was}
    outputs = [(digest, size) for digest, size in contents(rows) if digest not in held]
    known = Rows(base)
    listing = encode_listed(Rows(rows), known, [digest for digest, _ in outputs], len(outputs))
    payload = compress_zstd(listing, known.text, LEVEL)
    blocks = [CompactBlock(ZSTD, len(payload), _raw(payload), len(listing))]
    payloads = [payload]
    new_bytes = sum(size for _, size in outputs)
    with phases("Bundle", new_bytes) as progress:
        for _, made in _made((old, base, was), (new, rows, outputs)):
            data = made.payload
            blocks.append(
                CompactBlock(made.codec, len(data), _raw(data), made.size, made.references)
            )
            payloads.append(data)
            progress(made.size)
    roots = root_of(base) + root_of(rows)
    head = encode_compact_head(CompactIndex("", 0, 0, 0, roots, len(outputs), tuple(blocks)))
    return Difference(head, payloads, new_bytes, len(rows), *_counts(base, rows))


def _counts(base: Sequence[Row], rows: Sequence[Row]) -> tuple[int, int, int, int]:
    """Count files that were added, changed, moved and removed."""
    before = {row.path: row for row in base}
    after = {row.path for row in rows}
    gone = Counter(row.digest for row in base if row.path not in after)
    added = changed = moved = 0
    for row in rows:
        if row.path in before:
            changed += before[row.path] != row
        elif gone[row.digest] > 0:
            gone[row.digest] -= 1
            moved += 1
        else:
            added += 1
    return added, changed, moved, gone.total()


_Version = tuple[Path, Sequence[Row], Sequence[tuple[Digest, int]]]


def _made(old: _Version, new: _Version) -> Iterator[tuple[int, MadeBlock]]:
    """Make the blocks of what is new."""
    numbers = {digest: number for number, (digest, _) in enumerate(old[2])}
    before = {row.path: numbers[row.digest] for row in old[1]}
    was = {row.digest: row.path for row in reversed(old[1])}
    places = {row.digest: row.path for row in reversed(new[1])}
    return make_blocks(
        [
            [
                New(source, before.get(places[digest]), is_stored=_is_stored(source))
                for digest, size in new[2]
                for source in [Source(new[0] / places[digest], size)]
                if size
            ]
        ],
        [Source(old[0] / was[digest], size) for digest, size in old[2]],
    )


def _is_stored(source: Source) -> bool:
    return source.size >= _STORED_BYTES and not compresses(source.read, source.size)


def _raw(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
