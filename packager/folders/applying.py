"""``packhorse pack apply``: making the new folder from the old one and a bundle.

The new folder appears when all of it is there and proven; until then it has a name of its own
(``packager.folders.places``). One block and what it refers to are in memory at a time.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from core.bundle.codecs import EXPANDED, decode_block
from core.bundle.compact import CompactBlock, CompactIndex
from core.bundle.frame import FORMAT, FRAME_BYTES, decode_compact_index, format_of, head_bytes
from core.bundle.index import check_entries
from core.bundle.listed import Rows, decode_listed
from core.bundle.listing import ListedRow, Listing, Row, contents
from core.bundle.same_deflate import has_same_deflate
from core.bundle.space import Space
from core.digest import DIGEST_BYTES, Digest
from core.errors import ExhaustedError, RefusedError, UsageError
from core.text import human_bytes
from packager.faults import changed, is_full, unreadable
from packager.folders.creating import Creating
from packager.folders.places import place_for, put, staging_for
from packager.folders.reading import EMPTY, FOLDER, is_too_long, read_folder, root_of
from packager.reading import CHUNK

_BAD_SEGMENTS: Final = {"", ".", ".."}
_ON_WINDOWS: Final = frozenset("\\:")


def apply_bundle(old: Path, bundle: Path, new: Path) -> list[Row]:
    """Make a folder; give the rows of what is in it.

    Args:
        old: the folder that the bundle begins with; it stays as it is.
        bundle: what ``diff_folders`` made.
        new: where to; it must not be there, or be empty.

    Raises:
        UsageError: a folder cannot be read, or ``new`` is taken or cannot be made.
        RefusedError: ``old`` is not the bundle's base, or the bundle is damaged.
        ExhaustedError: there is not enough space.
    """
    with _in_words(new):
        return _applied(old, bundle, new)


@contextmanager
def _in_words(new: Path) -> Iterator[None]:
    """Say why the system does not let a folder be made."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise ExhaustedError(
                "There is no space left for {folder}.",
                hint="Free some space, or choose another place with -o. Nothing was kept.",
                folder=str(new),
            ) from error
        raise UsageError(
            "{folder} cannot be made: {reason}.",
            hint="Choose another place with -o. Nothing was kept.",
            folder=str(new),
            reason=os.strerror(error.errno or 0),
        ) from error


def _applied(old: Path, bundle: Path, new: Path) -> list[Row]:
    """Make a folder; otherwise like ``apply_bundle``."""
    place = place_for(new, old)
    with _opened(bundle) as file:
        index, start = _head(file)
        base = read_folder(old).rows
        if root_of(base) != index.roots[:DIGEST_BYTES]:
            raise RefusedError(
                "{folder} is not the folder that {bundle} was made from.",
                hint="Apply it to an unchanged copy of that folder. Nothing was written.",
                folder=str(old),
                bundle=bundle.name,
            )
        with staging_for(place) as staging:
            rows = _Making(file, index, start, _Old(old, base), staging).run()
            put(staging, place, new)
    return rows


def _opened(bundle: Path) -> BinaryIO:
    try:
        return bundle.open("rb")
    except OSError as error:
        raise unreadable(str(bundle), error) from error


def _head(file: BinaryIO) -> tuple[CompactIndex, int]:
    """Read frame and index; give the index, and where the first block begins."""
    frame = file.read(FRAME_BYTES)
    if format_of(frame) == FORMAT:
        raise _of_a_pack()
    length = head_bytes(frame)
    index = decode_compact_index(frame + file.read(length - FRAME_BYTES))
    if not index.roots:
        raise _of_a_pack()
    if any(block.codec & EXPANDED for block in index.blocks) and not has_same_deflate():
        raise RefusedError(
            "This bundle needs another zlib than this system has.",
            hint="Apply it on another system, such as Debian. Nothing was written.",
        )
    return index, length


def _of_a_pack() -> RefusedError:
    return RefusedError(
        "This bundle is a pack's, not a folder's.",
        hint="A node brings it into its cache; apply takes what pack diff has made.",
    )


@dataclass(frozen=True, slots=True)
class _Old:
    """The folder that there is."""

    folder: Path
    rows: Sequence[Row]


class _Making:
    """Makes the new folder in staging."""

    def __init__(
        self, file: BinaryIO, index: CompactIndex, start: int, old: _Old, staging: Path
    ) -> None:
        self._file, self._index, self._staging = file, index, staging
        self._offsets = index.offsets(start)
        self._old = old
        self._listing = self._listed()
        known = contents(old.rows)
        places = {row.digest: old.folder / row.path for row in reversed(old.rows)}
        self._places = [places[digest] for digest, _ in known]
        firsts: dict[int, str] = {}
        for row in self._listing.rows:
            # Of what has no bytes nothing is made, nor is anything of it referred to.
            if isinstance(row.content, int) and row.size:
                firsts.setdefault(row.content, row.path)
        if len(firsts) != sum(size > 0 for size in self._listing.sizes):
            raise _damaged()
        self._places += [staging / firsts.get(n, "") for n in range(len(self._listing.sizes))]
        sizes = [*(size for _, size in known), *self._listing.sizes]
        self._firsts = firsts
        self._creating = Creating(staging)
        self._space = Space(sizes)
        self._first = len(known)
        self._made: dict[int, Digest] = {}
        slices = self._space.count(index.blocks[1:], self._first)
        check_entries(len(index.blocks) + len(self._listing.sizes) + slices)

    def run(self) -> list[Row]:
        """Make everything, and prove it."""
        self._make_room()
        self._write_outputs()
        self._write_copies()
        rows = self._listing.complete(self._made)
        if root_of(rows) != self._index.roots[DIGEST_BYTES:]:
            raise _damaged()
        return rows

    def _listed(self) -> Listing:
        block = self._index.blocks[0]
        base = Rows(list(self._old.rows))
        data = bytes(decode_block(block.codec, self._payload(0), base.text, block.size))
        listing, _, _ = decode_listed(data, base, self._index.untold)
        _check_rows(listing.rows)
        if sum(block.size for block in self._index.blocks[1:]) != sum(listing.sizes):
            raise _damaged()
        return listing

    def _make_room(self) -> None:
        needed = sum(row.size for row in self._listing.rows)
        free = shutil.disk_usage(self._staging).free
        if needed > free:
            raise ExhaustedError(
                "The new folder needs {needed}, and {free} are free.",
                hint="Free some space, or choose another place with -o.",
                needed=human_bytes(needed),
                free=human_bytes(free),
            )

    def _payload(self, number: int) -> bytes:
        block = self._index.blocks[number]
        self._file.seek(self._offsets[number])
        payload = self._file.read(block.length)
        if hashlib.sha256(payload).digest() != block.digest:
            raise RefusedError(
                "The bundle is damaged or cut off in block {block}.",
                hint="Bring it again. Nothing was written.",
                block=number,
            )
        return payload

    def _write_outputs(self) -> None:
        """Decode all blocks into the outputs, one after the other."""
        parts = self._decoded()
        part = memoryview(b"")
        for number, size in enumerate(self._listing.sizes):
            if not size:
                self._made[number] = EMPTY
                continue
            path = self._firsts[number]
            hasher, left = hashlib.sha256(), size
            with self._creating.file(path) as sink:
                while left:
                    part = part or next(parts)
                    piece, part = part[:left], part[left:]
                    _write(sink, piece)
                    hasher.update(piece)
                    left -= len(piece)
            self._made[number] = Digest(hasher.hexdigest())

    def _decoded(self) -> Iterator[memoryview]:
        done = self._space.start(self._first)
        for number, block in enumerate(self._index.blocks):
            if number:
                references = self._references(block, done)
                yield decode_block(block.codec, self._payload(number), references, block.size)
                done += block.size

    def _references(self, block: CompactBlock, done: int) -> bytearray:
        made = bytearray()
        for content, offset, length in self._space.slices(block.references, done):
            with self._places[content].open("rb") as file:
                file.seek(offset)
                made += file.read(length)
        return made

    def _write_copies(self) -> None:
        """Copy what the folder has already, and what several paths have."""
        known = {digest: n for n, (digest, _) in enumerate(contents(self._old.rows))}
        for path, content, size, kind in self._listing.rows:
            if kind == FOLDER:
                self._creating.folder(path)
            elif not size:
                # Nothing may be a folder's content, too, which cannot be copied.
                self._creating.file(path).close()
            elif isinstance(content, int):
                if path != self._firsts[content]:
                    self._copy(self._first + content, path, self._made[content])
            else:
                self._copy(known[content], path, content)

    def _copy(self, number: int, path: str, digest: Digest) -> None:
        """Write what is there already to another path."""
        source = self._places[number]
        with self._creating.file(path) as sink:
            if _copied(source, sink) != digest:
                raise changed(str(source))


def _copied(source: Path, sink: FileIO) -> Digest:
    """Copy a file; give the digest of what was copied."""
    hasher = hashlib.sha256()
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            _write(sink, memoryview(chunk))
            hasher.update(chunk)
    return Digest(hasher.hexdigest())


def _write(sink: FileIO, piece: memoryview) -> None:
    """Write all of a piece: a disk that becomes full takes a part before it says so."""
    while piece:
        piece = piece[sink.write(piece) :]


def _check_rows(rows: Sequence[ListedRow]) -> None:
    """Refuse what would lead out of the folder, or be a file and a folder at once."""
    for path, _, size, kind in rows:
        if kind and (kind != FOLDER or size):
            raise _damaged()
        if is_too_long(path) or _BAD_SEGMENTS & set(path.split("/")):
            raise _damaged()
        if os.name == "nt" and not _ON_WINDOWS.isdisjoint(path):
            # Another folder, a drive, or a hidden part of a file; elsewhere letters like others.
            raise _damaged()
    # With NULs for slashes, what is in a folder follows at once behind it.
    ordered = sorted(row.path.replace("/", "\0") for row in rows)
    if any(below.startswith(above + "\0") for above, below in pairwise(ordered)):
        raise _damaged()


def _damaged() -> RefusedError:
    return RefusedError(
        "The bundle does not make what it was made for.",
        hint="Bring it again. Nothing was written.",
    )
