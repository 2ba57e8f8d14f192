"""Payloads of earlier bundles that need not be made again.

A block without references is decided by what it makes, so the last full bundle's are good for
the next one, wherever the same files lie together again.
"""

import hashlib
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

    def __init__(self, payloads: dict[tuple[Piece, ...], Payload]) -> None:
        """Know ``payloads``."""
        self._payloads = payloads

    @classmethod
    def of(cls, workspace: Workspace, level: int) -> "Reusable":
        """Know the newest full bundles of a workspace that were made at ``level``."""
        payloads: dict[tuple[Piece, ...], Payload] = {}
        full = [b for b in workspace.all_built() if not b.link.base and b.level == level]
        for built in full[:_BUNDLES]:
            payloads.update(_payloads(workspace, built))
        return cls(payloads)

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


def _payloads(workspace: Workspace, built: BuiltBundle) -> dict[tuple[Piece, ...], Payload]:
    path = workspace.bundle(built.link.index)
    with path.open("rb") as file:
        head = file.read(built.link.index_length)
    try:
        index = decode_full_head(head, built.link, _release(built))
    except RefusedError:
        return {}
    offsets = index.offsets(len(head))
    return {
        _pieces(index, number): Payload(
            path, offsets[number], block.length, Digest(block.digest.hex())
        )
        for number, block in enumerate(index.blocks)
        if block.codec == ZSTD and not block.references
    }


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
