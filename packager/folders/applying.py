"""``packhorse pack apply``: making the new folder from the old one and a bundle.

The new folder appears when all of it is there and proven; until then it has a name of its own
(``packager.folders.places``). One block and what it refers to are in memory at a time.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import Final

from core.bundle.codecs import decode_block
from core.bundle.compact import CompactBlock
from core.bundle.index import check_entries
from core.bundle.listed import Rows, decode_listed
from core.bundle.listing import ListedRow, Listing, Row, contents
from core.bundle.space import Space
from core.digest import DIGEST_BYTES, Digest
from core.errors import ExhaustedError, RefusedError
from core.text import human_bytes
from packager.faults import changed, unread
from packager.folders.bundle import Bundle, opened
from packager.folders.creating import Creating
from packager.folders.places import place_for, put, staging_for, unmakable
from packager.folders.reading import EMPTY, FOLDER, Folder, is_too_long, read_folder, root_of
from packager.reading import CHUNK

_CURE: Final = "Bring it again; it must be what pack diff has made. Nothing was written."
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
    with _in_words(new), opened(bundle) as file:
        return _applied(old, file, new)


@contextmanager
def _in_words(new: Path) -> Iterator[None]:
    """Say why a folder cannot be made, and what to do about what ``core`` refuses."""
    try:
        yield
    except OSError as error:
        raise unmakable(str(new), error) from error
    except RefusedError as error:
        if error.hint_template:
            raise
        raise RefusedError(error.template, hint=_CURE, **error.fields) from error


def _applied(old: Path, bundle: Bundle, new: Path) -> list[Row]:
    """Make a folder; otherwise like ``apply_bundle``."""
    place = place_for(new, old)
    with staging_for(place) as staging:
        base = read_folder(old)
        if root_of(base.rows) != bundle.index.roots[:DIGEST_BYTES]:
            raise RefusedError(
                "{folder} is not the folder that {bundle} was made from.",
                hint="Apply it to an unchanged copy of that folder. Nothing was written.",
                folder=str(old),
                bundle=bundle.name,
            )
        try:
            rows = _Making(bundle, base, staging).run()
        except RefusedError:
            # An old file that has changed meanwhile makes something else, too.
            base.see_unchanged()
            raise
        put(staging, place, new)
    return rows


class _Making:
    """Makes the new folder in staging."""

    def __init__(self, bundle: Bundle, old: Folder, staging: Path) -> None:
        self._bundle, self._index, self._staging = bundle, bundle.index, staging
        self._old = old
        self._listing = self._listed()
        known = contents(old.rows)
        places = {row.digest: old.place / row.path for row in reversed(old.rows)}
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
        slices = self._space.count(self._index.blocks[1:], self._first)
        check_entries(len(self._index.blocks) + len(self._listing.sizes) + slices)

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
        data = bytes(decode_block(block.codec, self._bundle.payload(0), base.text, block.size))
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
                yield decode_block(
                    block.codec, self._bundle.payload(number), references, block.size
                )
                done += block.size

    def _references(self, block: CompactBlock, done: int) -> bytearray:
        made = bytearray()
        for content, offset, length in self._space.slices(block.references, done):
            with self._blaming(content), self._places[content].open("rb") as file:
                file.seek(offset)
                made += file.read(length)
        return made

    @contextmanager
    def _blaming(self, content: int) -> Iterator[None]:
        """Name the old file that cannot be read; of one made here, the new folder is to blame."""
        try:
            yield
        except OSError as error:
            if content >= self._first:
                raise
            raise unread(str(self._places[content]), error) from error

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
        hasher = hashlib.sha256()
        with self._creating.file(path) as sink:
            for chunk in self._chunks(number):
                _write(sink, memoryview(chunk))
                hasher.update(chunk)
        if hasher.hexdigest() != digest:
            raise changed(str(self._places[number]))

    def _chunks(self, number: int) -> Iterator[bytes]:
        with self._blaming(number), self._places[number].open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


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
