"""Writing a full bundle: few blocks in memory at a time, content verified as it passes.

Compressed payloads go to a staging file; stored ones stay in the blobs that they are until the
bundle is put together, since its head, which comes first, is known last.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from core.bundle.codecs import STORED, ZSTD
from core.bundle.frame import encode_head, index_digest
from core.bundle.index import Block, Index, Output, Slice, fits
from core.digest import DIGEST_BYTES, Digest, digest_of
from core.errors import UsageError
from core.manifest import Manifest
from core.release import FULL, BundleLink
from packager.assembling import assemble, content_changed
from packager.compressing import Compressing, Made
from packager.layout import Content, Piece, PlannedBlock, plan_blocks
from packager.reckoning import Reckoning, compressing
from packager.reuse import Payload, Reusable
from packager.workspace import Workspace

# Those that need not be compressed wait behind one that is.
_MOST_WAITING: Final = 1000

Progress = Callable[[int], None]
_Sink = Callable[[bytes], object]
_Add = Callable[[_Sink], None]


@dataclass(frozen=True)
class Levels:
    """Compression levels of zstd: for full bundles, and for deltas."""

    full: int = 19
    delta: int = 22


@dataclass(frozen=True)
class Recipe:
    """How blocks are made.

    Attributes:
        levels: compression levels.
        reusable: payloads of earlier bundles that need not be made again.
    """

    levels: Levels
    reusable: Reusable


class Bundler:
    """Makes one full bundle.

    Args:
        workspace: where blobs are, and where the bundle is staged.
        manifest: the version that the bundle leads to.
        recipe: how blocks are made.
    """

    def __init__(self, workspace: Workspace, manifest: Manifest, recipe: Recipe) -> None:
        """Prepare; ``write`` does the work."""
        self._workspace = workspace
        self._manifest = manifest
        self._recipe = recipe
        self._outputs: dict[Digest, int] = {}
        self._rows: list[Output] = []
        self._hashes: dict[Digest, tuple[int, hashlib._Hash]] = {}
        self._partly: set[Digest] = set()
        self._blocks: list[Block] = []
        self._payloads: list[Payload] = []
        self._staged = workspace.staging("payloads")
        self._packed = 0

    def write(self, contents: list[Content], progress: Progress) -> tuple[BundleLink, Path]:
        """Make the bundle in staging.

        Args:
            contents: what it is to make; the manifest first.
            progress: told as many bytes as ``contents`` have, as the work goes on.

        Raises:
            UsageError: content changed while the bundle was made, or is too much for one.
        """
        head, *rest = contents
        blocks = [*plan_blocks([head]), *plan_blocks(rest)]
        for content in contents:
            self._outputs[content.digest] = len(self._rows)
            self._rows.append(Output(bytes.fromhex(content.digest), content.size))
        self._see_that_it_fits(blocks)
        quick = sum(block.size for block in blocks if self._is_quick(block))
        encoded = sum(block.size for block in blocks) - quick
        level = self._recipe.levels.full
        by = Compressing(level, encoded)
        reckoning = Reckoning(
            progress, sum(one.size for one in contents), compressing(level, max(1, by.most))
        )
        reckoning.expect(stored=quick, encoded=encoded)
        with self._staged.open("wb") as sink, by:
            for block, add in self._ahead(blocks, by):
                add(sink.write)
                did = reckoning.stored if self._is_quick(block) else reckoning.encoded
                did(block.size)
        self._see_the_rest()
        made = self._assemble()
        reckoning.end()
        return made

    def _see_that_it_fits(self, planned: Iterable[PlannedBlock]) -> None:
        """See before the work that nodes will take the index; payloads only become shorter."""
        blocks = [
            Block(STORED if one.stored else ZSTD, one.size, bytes(DIGEST_BYTES), self._slices(one))
            for one in planned
        ]
        if not fits(self._index(blocks)):
            raise UsageError(
                "The pack is too large for one bundle: it has too many files, or too many bytes.",
                hint="Divide the pack into several ones.",
            )

    def _is_quick(self, block: PlannedBlock) -> bool:
        """Whether a block need not be compressed."""
        return block.stored or block in self._recipe.reusable

    def _see_the_rest(self) -> None:
        """Verify what was read in part alone, since its other blocks were taken over."""
        for digest in {*self._hashes, *self._partly}:
            if not self._workspace.still_holds(digest):
                self._changed(digest)

    def _ahead(
        self, blocks: Iterable[PlannedBlock], by: Compressing
    ) -> Iterator[tuple[PlannedBlock, _Add]]:
        """Begin with blocks in order, some before the one that is given is compressed."""
        waiting: deque[tuple[PlannedBlock, _Add]] = deque()
        slow = 0
        for block in blocks:
            waiting.append((block, self._begin(block, by)))
            slow += not self._is_quick(block)
            while waiting and (slow > by.most or len(waiting) > _MOST_WAITING):
                slow -= not self._is_quick(waiting[0][0])
                yield waiting.popleft()
        yield from waiting

    def _begin(self, planned: PlannedBlock, by: Compressing) -> _Add:
        """Begin with a block; give what adds it, which waits until it is compressed."""
        if planned.stored:
            return lambda _: self._add_stored(planned.slices[0])
        ready = self._recipe.reusable.find(planned)
        if ready:
            return lambda _: self._add_payload(ZSTD, ready, planned)
        made = by.begin(b"".join(self._read(piece) for piece in planned.slices))
        return lambda sink: self._add(planned, made(), sink)

    def _add(self, planned: PlannedBlock, made: Made, sink: _Sink) -> None:
        codec, packed = made
        if codec != STORED:
            payload = Payload(self._staged, self._packed, len(packed), digest_of(packed))
            sink(packed)
            self._packed += len(packed)
            self._add_payload(codec, payload, planned)
            return
        # A stored block has exactly one slice, so that nodes can receive it in place. What was
        # verified is what counts: the file may be another by now.
        start = 0
        for piece in planned.slices:
            data = packed[start : start + piece.length]
            start += piece.length
            self._add_in_place(piece, digest_of(data))

    def _read(self, piece: Piece) -> bytes:
        data = self._workspace.read_slice(*piece)
        self._verify(piece, data)
        if len(data) != piece.length:
            self._changed(piece.digest)
        return data

    def _verify(self, piece: Piece, data: bytes) -> None:
        """Hash an output as its slices pass in order, and judge it at its end."""
        if piece.offset and piece.digest not in self._hashes:
            # What is before it was taken over from an earlier bundle.
            self._partly.add(piece.digest)
            return
        done, hasher = self._hashes.pop(piece.digest, (0, hashlib.sha256()))
        hasher.update(data)
        done += len(data)
        if done < self._rows[self._outputs[piece.digest]].size:
            self._hashes[piece.digest] = (done, hasher)
        elif hasher.hexdigest() != piece.digest:
            self._changed(piece.digest)

    def _is_changed(self, place: Path) -> NoReturn:
        self._changed(Digest(place.name))

    def _changed(self, digest: Digest) -> NoReturn:
        raise content_changed(self._workspace, self._manifest, digest)

    def _add_stored(self, piece: Piece) -> None:
        digest = self._recipe.reusable.stored(piece)
        if digest is None or piece.digest in self._hashes:
            digest = self._read_stored(piece)
        self._add_in_place(piece, digest)

    def _add_in_place(self, piece: Piece, digest: Digest) -> None:
        """Add a piece that is in its blob already as it is sent; it has this digest there."""
        payload = Payload(self._workspace.blob(piece.digest), piece.offset, piece.length, digest)
        self._add_payload(STORED, payload, PlannedBlock((piece,)))

    def _read_stored(self, piece: Piece) -> Digest:
        """Read what is to be stored, verifying it; give its digest."""
        hasher = hashlib.sha256()
        length = 0
        for chunk in self._workspace.chunks(*piece):
            hasher.update(chunk)
            length += len(chunk)
            self._verify(piece, chunk)
        if length != piece.length:
            self._changed(piece.digest)
        return Digest(hasher.hexdigest())

    def _add_payload(self, codec: int, payload: Payload, planned: PlannedBlock) -> None:
        self._payloads.append(payload)
        self._blocks.append(
            Block(
                codec,
                payload.length,
                bytes.fromhex(payload.digest),
                self._slices(planned),
            )
        )

    def _slices(self, planned: PlannedBlock) -> list[Slice]:
        return [(self._outputs[one.digest], one.offset, one.length) for one in planned.slices]

    def _index(self, blocks: list[Block]) -> Index:
        pack, version = self._manifest.pack, self._manifest.version
        return Index(pack, version, FULL, [], self._rows, blocks)

    def _assemble(self) -> tuple[BundleLink, Path]:
        head = encode_head(self._index(self._blocks))
        path = self._workspace.staging("bundle")
        length = assemble(path, head, self._payloads, self._is_changed)
        return BundleLink(FULL, length, len(head), index_digest(head)), path
