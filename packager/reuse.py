"""Payloads of earlier bundles that need not be made again.

A block without references is decided by what it makes, so the last full bundle's are good for
the next one, wherever the same files lie together again. What is stored needs no payload of its
own, but its digest need not be found again: it is verified when it is taken.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from core.bundle.codecs import ZSTD
from core.bundle.frame import decode_full_head
from core.bundle.index import Index
from core.digest import Digest
from core.errors import RefusedError
from core.release import FORMAT, BundleLink, Release
from packager.layout import Piece, PlannedBlock
from packager.workspace import BuiltBundle, Workspace

_BUNDLES: Final = 2


class Payload(NamedTuple):
    """Where a block's bytes are."""

    file: Path
    offset: int
    length: int
    digest: Digest


class Reusable:
    """Finds ready payloads by what they make."""

    def __init__(
        self, payloads: dict[tuple[Piece, ...], Payload], stored: dict[Piece, Digest]
    ) -> None:
        """Know ``payloads``, and the digests of what is ``stored``."""
        self._payloads = payloads
        self._stored = stored

    @classmethod
    def of(cls, workspace: Workspace, level: int) -> "Reusable":
        """Know the newest full bundles of a workspace that were made at ``level``."""
        payloads: dict[tuple[Piece, ...], Payload] = {}
        stored: dict[Piece, Digest] = {}
        full = [b for b in workspace.all_built() if not b.link.base and b.level == level]
        for built in full[:_BUNDLES]:
            for codec, pieces, payload in _blocks(workspace, built):
                if codec == ZSTD:
                    payloads[pieces] = payload
                else:
                    stored[pieces[0]] = payload.digest
        return cls(payloads, stored)

    def stored(self, piece: Piece) -> Digest | None:
        """Give the digest of a piece that was stored, if it is known."""
        return self._stored.get(piece)

    def __contains__(self, planned: PlannedBlock) -> bool:
        """Whether there is a payload that makes a block, damaged or not."""
        return planned.slices in self._payloads

    def find(self, planned: PlannedBlock) -> Payload | None:
        """Give the payload that makes a block, if there is one and it is undamaged."""
        payload = self._payloads.get(planned.slices)
        if payload is None:
            return None
        with payload.file.open("rb") as file:
            file.seek(payload.offset)
            data = file.read(payload.length)
        return payload if hashlib.sha256(data).hexdigest() == payload.digest else None


def _blocks(
    workspace: Workspace, built: BuiltBundle
) -> Iterator[tuple[int, tuple[Piece, ...], Payload]]:
    """Give what a bundle's blocks make: by which codec, what, and the payload."""
    path = workspace.bundle(built.link.index)
    with path.open("rb") as file:
        head = file.read(built.link.index_length)
    try:
        index = decode_full_head(head, built.link, _release(built))
    except RefusedError:
        return
    offsets = index.offsets(len(head))
    for number, block in enumerate(index.blocks):
        payload = Payload(path, offsets[number], block.length, Digest(block.digest.hex()))
        yield block.codec, _pieces(index, number), payload


def _pieces(index: Index, number: int) -> tuple[Piece, ...]:
    return tuple(
        Piece(index.outputs[output].digest, offset, length)
        for output, offset, length in index.blocks[number].outputs
    )


def _release(built: BuiltBundle) -> Release:
    """Give what of a release a bundle's head is checked against."""
    link: BundleLink = built.link
    return Release(
        format=FORMAT,
        pack=built.pack,
        version=built.version,
        published="",
        title={},
        manifest=built.manifest,
        manifest_size=1,
        content_size=0,
        bundles=[link],
    )
