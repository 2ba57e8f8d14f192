"""``packhorse pack diff``: a bundle that leads from one plain folder to another."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from core.bundle.codecs import ZSTD
from core.bundle.compact import CompactBlock, CompactIndex
from core.bundle.encode import compress_zstd
from core.bundle.frame import encode_compact_head
from core.bundle.listed import Rows, encode_listed
from core.bundle.listing import MAX_SIZE, Row, contents
from core.digest import Digest
from packager.delta.making import LEVEL, MadeBlock, Source, make_blocks
from packager.folders.reading import read_folder, root_of

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
    known, least = Rows(base), MAX_SIZE + 1
    listing = encode_listed(Rows(rows), known, [digest for digest, _ in outputs], least)
    payload = compress_zstd(listing, known.text, LEVEL)
    blocks = [CompactBlock(ZSTD, len(payload), _raw(payload), len(listing))]
    payloads = [payload]
    new_bytes = sum(size for _, size in outputs)
    with phases("Bundle", new_bytes) as progress:
        for made in _made((old, base, was), (new, rows, outputs)):
            codec, data = made.encoded.codec, made.encoded.payload
            blocks.append(CompactBlock(codec, len(data), _raw(data), made.size, made.references))
            payloads.append(data)
            progress(made.size)
    roots = root_of(base) + root_of(rows)
    head = encode_compact_head(CompactIndex("", 0, 0, 0, roots, least, tuple(blocks)))
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


def _made(old: _Version, new: _Version) -> Iterator[MadeBlock]:
    """Make the blocks of what is new."""
    numbers = {digest: number for number, (digest, _) in enumerate(old[2])}
    before = {row.path: numbers[row.digest] for row in old[1]}
    places = {row.digest: row.path for row in reversed(new[1])}
    made = [(digest, size) for digest, size in new[2] if size]
    same = {
        number: before[places[digest]]
        for number, (digest, _) in enumerate(made)
        if places[digest] in before
    }
    was = {row.digest: row.path for row in reversed(old[1])}
    return make_blocks(
        [Source(new[0] / places[digest], size) for digest, size in made],
        [Source(old[0] / was[digest], size) for digest, size in old[2]],
        same,
    )


def _raw(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
