"""Writing a delta: what a node that has one version needs for another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from core.bundle.codecs import ZSTD
from core.bundle.compact import CompactBlock, CompactIndex
from core.bundle.encode import compress_zstd
from core.bundle.frame import encode_compact_head, index_digest
from core.bundle.listed import encode_listed, rows_of
from core.bundle.listing import contents
from core.digest import Digest, digest_of
from core.manifest import Manifest, encode_manifest
from core.release import BundleLink
from packager.assembling import assemble, content_changed
from packager.delta.making import LEVEL, Absent, MadeBlock, New, Source, make_blocks
from packager.layout import LARGE_BYTES, Content, Group, plan_groups
from packager.reuse import Payload
from packager.workspace import Workspace

Progress = Callable[[int], None]


@dataclass(frozen=True)
class _Made:
    """What goes into the bundle.

    Attributes:
        blocks: as the index has them.
        prelude: payloads that belong to the head.
        payloads: the others.
    """

    blocks: list[CompactBlock]
    prelude: list[bytes]
    payloads: list[Payload]


class DeltaBundler:
    """Makes one delta.

    Args:
        workspace: where blobs are, and where the bundle is staged.
        manifest: the version that it leads to.
        base: the version that it starts from.
        level: zstd's.
    """

    def __init__(
        self, workspace: Workspace, manifest: Manifest, base: Manifest, level: int = LEVEL
    ) -> None:
        self._workspace = workspace
        self._manifest = manifest
        self._base = base
        self._level = level
        self._rows = rows_of(encode_manifest(manifest), manifest)
        self._old = rows_of(encode_manifest(base), base)
        self._known = contents(self._old.rows)
        self._staged = workspace.staging("payloads")
        self._packed = 0

    def write(self, new: Sequence[Content], progress: Progress) -> tuple[BundleLink, Path]:
        """Make the bundle in staging.

        Args:
            new: what a node of the base lacks.
            progress: told bytes of content as they are done.

        Raises:
            UsageError: content changed while the bundle was made.
        """
        groups = plan_groups(new)
        outputs = [one.digest for group in groups for one in group.contents]
        outputs += [one.digest for one in new if not one.size]
        untold = len(groups[0].contents) if groups and not groups[0].is_told else 0
        listing = encode_listed(self._rows, self._old, outputs, untold)
        told = compress_zstd(listing, self._old.text, self._level)
        made = _Made([CompactBlock(ZSTD, len(told), b"", len(listing))], [told], [])
        with self._staged.open("wb") as sink:
            for group, block in self._blocks(groups):
                self._add(made, block, sink.write, is_told=group.is_told)
                progress(block.size)
        index = CompactIndex(
            self._manifest.pack,
            self._manifest.version,
            self._base.version,
            len(made.prelude),
            b"",
            untold,
            tuple(made.blocks),
        )
        head = encode_compact_head(index, made.prelude)
        path = self._workspace.staging("bundle")
        length = assemble(path, head, made.payloads, self._changed)
        return BundleLink(self._base.version, length, len(head), index_digest(head)), path

    def _blocks(self, groups: Sequence[Group]) -> Iterator[tuple[Group, MadeBlock]]:
        """Make the blocks of all groups."""
        numbers = {digest: number for number, (digest, _) in enumerate(self._known)}
        before = {row.path: numbers[row.digest] for row in self._old.rows}
        new = [
            [
                New(
                    Source(self._workspace.blob(one.digest), one.size),
                    before.get(one.path),
                    is_stored=one.stored,
                    is_alone=one.size >= LARGE_BYTES and group.is_told,
                )
                for one in group.contents
            ]
            for group in groups
        ]
        old = [
            Source(self._workspace.blob(digest), size)
            # What was damaged here would make garbage of every delta that refers to it.
            if self._workspace.holds(digest)
            else Absent(size)
            for digest, size in self._known
        ]
        for number, block in make_blocks(new, old, self._level):
            yield groups[number], block

    def _add(
        self, made: _Made, block: MadeBlock, sink: Callable[[bytes], object], *, is_told: bool
    ) -> None:
        """Take a block into the bundle."""
        digest = digest_of(block.payload)
        raw = bytes.fromhex(digest) if is_told else b""
        made.blocks.append(
            CompactBlock(block.codec, len(block.payload), raw, block.size, block.references)
        )
        if not is_told:
            made.prelude.append(block.payload)
        elif block.place is not None:
            # Received in place, and so stored: it stays where it is until then.
            made.payloads.append(Payload(block.place, block.offset, block.size, digest))
        else:
            sink(block.payload)
            made.payloads.append(Payload(self._staged, self._packed, len(block.payload), digest))
            self._packed += len(block.payload)

    def _changed(self, digest: Digest) -> NoReturn:
        raise content_changed(self._workspace, self._manifest, digest)
