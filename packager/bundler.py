"""Writing a bundle: a block in memory at a time, content verified as it passes.

Compressed payloads go to a staging file; stored ones stay in the blobs that they are until the
bundle is put together, since its head, which comes first, is known last.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from core.bundle.codecs import STORED, ZSTD
from core.bundle.encode import encode_block
from core.bundle.frame import encode_head, index_digest
from core.bundle.index import Block, Index, Output, Slice
from core.digest import Digest, digest_of
from core.errors import UsageError
from core.manifest import Manifest
from core.release import BundleLink
from packager.layout import Content, Piece, PlannedBlock, plan_blocks
from packager.reading import CHUNK
from packager.reuse import Payload, Reusable
from packager.workspace import Workspace

# A probe at this level tells whether compression gains anything.
_PROBE_LEVEL: Final = 1
_PROBE_BYTES: Final = 1024 * 1024
_GAIN: Final = 0.97

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Levels:
    """Compression levels: for blocks without references, and for small and large others."""

    full: int = 19
    delta: int = 22
    large_delta: int = 19
    # Level 22 takes seconds for each MB from here on, for next to nothing.
    large: int = 8 * 1024 * 1024

    def of(self, size: int, references: int) -> int:
        """Give the level for a block."""
        if not references:
            return self.full
        return self.delta if size + references <= self.large else self.large_delta


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
    """Makes one bundle.

    Args:
        workspace: where blobs are, and where the bundle is staged.
        manifest: the version that the bundle leads to.
        base: the version that the node holds, None for a full bundle.
        recipe: how blocks are made.
    """

    def __init__(
        self, workspace: Workspace, manifest: Manifest, base: Manifest | None, recipe: Recipe
    ) -> None:
        """Prepare; ``write`` does the work."""
        self._workspace = workspace
        self._manifest = manifest
        self._base = base.version if base else 0
        self._recipe = recipe
        self._sources: dict[Digest, int] = {}
        self._outputs: dict[Digest, int] = {}
        self._rows: list[Output] = []
        self._hashes: dict[Digest, tuple[int, hashlib._Hash]] = {}
        self._blocks: list[Block] = []
        self._payloads: list[Payload] = []
        self._staged = workspace.staging("payloads")
        self._packed = 0

    def write(self, contents: list[Content], progress: Progress) -> tuple[BundleLink, Path]:
        """Make the bundle in staging.

        Args:
            contents: what it is to make; the manifest first.
            progress: told bytes of content as they are done.

        Raises:
            UsageError: content changed while the bundle was made.
        """
        head, *rest = contents
        blocks = [*plan_blocks([head]), *plan_blocks(rest)]
        for content in contents:
            self._outputs[content.digest] = len(self._rows)
            self._rows.append(Output(bytes.fromhex(content.digest), content.size))
        with self._staged.open("wb") as sink:
            for block in blocks:
                self._add(block, sink.write)
                progress(block.size)
        return self._assemble()

    def _add(self, planned: PlannedBlock, sink: Callable[[bytes], object]) -> None:
        if planned.stored:
            self._add_stored(planned.slices[0])
            return
        ready = self._recipe.reusable.find(planned)
        if ready:
            self._add_payload(ZSTD, ready, planned)
            return
        data = b"".join(self._read(piece) for piece in planned.slices)
        references = b"".join(self._workspace.read_slice(*piece) for piece in planned.references)
        if references and not self._gains(data, references):
            references, planned = b"", PlannedBlock(planned.slices)
        level = self._recipe.levels.of(len(data), len(references))
        codec, packed = encode_block(data, references, level)
        if codec != STORED:
            payload = Payload(self._staged, self._packed, len(packed), digest_of(packed))
            sink(packed)
            self._packed += len(packed)
            self._add_payload(codec, payload, planned)
            return
        # A stored block has exactly one slice, so that nodes can receive it in place.
        for piece in planned.slices:
            self._add_stored(piece, verified=True)

    def _gains(self, data: bytes, references: bytes) -> bool:
        """Whether a reference is worth the long search, told by a quick one."""
        if len(data) < _PROBE_BYTES:
            return True
        return len(encode_block(data, references, _PROBE_LEVEL)[1]) < _GAIN * len(data)

    def _read(self, piece: Piece) -> bytes:
        data = self._workspace.read_slice(*piece)
        self._verify(piece, data)
        if len(data) != piece.length:
            self._changed(piece.digest)
        return data

    def _verify(self, piece: Piece, data: bytes) -> None:
        """Hash an output as its slices pass in order, and judge it at its end."""
        done, hasher = self._hashes.pop(piece.digest, (0, hashlib.sha256()))
        hasher.update(data)
        done += len(data)
        if done < self._rows[self._outputs[piece.digest]].size:
            self._hashes[piece.digest] = (done, hasher)
        elif hasher.hexdigest() != piece.digest:
            self._changed(piece.digest)

    def _changed(self, digest: Digest) -> NoReturn:
        # Removes the blob, so that the next run takes the file in again.
        self._workspace.holds(digest)
        paths = [file.path for file in self._manifest.files if file.digest == digest]
        raise UsageError(
            "{path} changed while the pack was built.",
            hint="Wait until nothing writes to the folder any more, then run the command again.",
            path=paths[0] if paths else digest,
        )

    def _add_stored(self, piece: Piece, *, verified: bool = False) -> None:
        hasher = hashlib.sha256()
        length = 0
        for chunk in self._workspace.chunks(*piece):
            hasher.update(chunk)
            length += len(chunk)
            if not verified:
                self._verify(piece, chunk)
        if length != piece.length:
            self._changed(piece.digest)
        digest = Digest(hasher.hexdigest())
        payload = Payload(self._workspace.blob(piece.digest), piece.offset, piece.length, digest)
        self._add_payload(STORED, payload, PlannedBlock((piece,)))

    def _add_payload(self, codec: int, payload: Payload, planned: PlannedBlock) -> None:
        self._payloads.append(payload)
        self._blocks.append(
            Block(
                codec,
                payload.length,
                bytes.fromhex(payload.digest),
                _numbered(planned.slices, self._outputs),
                self._numbered_sources(planned.references),
            )
        )

    def _numbered_sources(self, pieces: tuple[Piece, ...]) -> list[Slice]:
        for piece in pieces:
            self._sources.setdefault(piece.digest, len(self._sources))
        return _numbered(pieces, self._sources)

    def _assemble(self) -> tuple[BundleLink, Path]:
        index = Index(
            self._manifest.pack,
            self._manifest.version,
            self._base,
            [bytes.fromhex(digest) for digest in self._sources],
            self._rows,
            self._blocks,
        )
        head = encode_head(index)
        path = self._workspace.staging("bundle")
        with path.open("wb") as sink:
            sink.write(head)
            for payload in self._payloads:
                for chunk in self._verified(payload):
                    sink.write(chunk)
            length = sink.tell()
        return BundleLink(self._base, length, len(head), index_digest(head)), path

    def _verified(self, payload: Payload) -> Iterator[bytes]:
        hasher = hashlib.sha256()
        left = payload.length
        with payload.file.open("rb") as file:
            file.seek(payload.offset)
            while left and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                hasher.update(chunk)
                yield chunk
        if hasher.hexdigest() != payload.digest:
            self._changed(Digest(payload.file.name))


def _numbered(pieces: tuple[Piece, ...], numbers: Mapping[Digest, int]) -> list[Slice]:
    return [(numbers[piece.digest], piece.offset, piece.length) for piece in pieces]


def compresses(workspace: Workspace, digest: Digest, size: int) -> bool:
    """Whether compression gains anything on a blob, told from 1 MiB of its middle."""
    start = max(0, (size - _PROBE_BYTES) // 2)
    sample = workspace.read_slice(digest, start, min(size, _PROBE_BYTES))
    return len(encode_block(sample, b"", _PROBE_LEVEL)[1]) < _GAIN * len(sample)
