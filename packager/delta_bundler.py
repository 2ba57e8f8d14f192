"""Writing a delta: what a node that has one version needs for another."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import NoReturn

from core.bundle.codecs import ZSTD
from core.bundle.compact import CompactBlock, CompactIndex
from core.bundle.encode import compress_zstd
from core.bundle.frame import encode_compact_head, index_digest
from core.bundle.listed import encode_listed, rows_of
from core.bundle.listing import contents
from core.digest import Digest
from core.manifest import Manifest, encode_manifest
from core.release import BundleLink
from packager.assembling import Payloads, assemble, content_changed
from packager.delta.making import LEVEL, make_blocks
from packager.delta.planning import MadeBlock, New
from packager.delta.processes import count_of
from packager.delta.sources import Absent, Source
from packager.layout import LARGE_BYTES, Content, Group, plan_groups
from packager.reckoning import Reckoning, referring
from packager.remembering import OldFiles
from packager.untouched import Untouched
from packager.workspace import Workspace

Progress = Callable[[int], None]


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
        self._untouched = Untouched(workspace)

    def write(self, new: Sequence[Content], progress: Progress) -> tuple[BundleLink, Path]:
        """Make the bundle in staging.

        Args:
            new: what a node of the base lacks.
            progress: told as many bytes as ``new`` has, as the work goes on.

        Raises:
            UsageError: content changed while the bundle was made.
        """
        for content in new:
            # Nothing else looks at it: a node would find out when all of it has come.
            self._untouched.watch(content.digest)
            if not self._workspace.holds(content.digest):
                raise content_changed(self._workspace, self._manifest, content.digest)
        groups = plan_groups(new)
        reckoning = self._reckoning(new, progress)
        outputs = [one.digest for group in groups for one in group.contents]
        outputs += [one.digest for one in new if not one.size]
        untold = len(groups[0].contents) if groups and not groups[0].is_told else 0
        listing = encode_listed(self._rows, self._old, outputs, untold)
        told = compress_zstd(listing, self._old.text, self._level)
        blocks, prelude = [MadeBlock(ZSTD, told, len(listing)).entry(b"")], [told]
        staged = self._workspace.staging("payloads")
        # Whatever happens here, nobody goes on encoding in vain.
        with staged.open("wb") as sink, closing(self._blocks(groups, reckoning)) as made:
            payloads = Payloads(sink, staged)
            for group, one in made:
                if group.is_told:
                    blocks.append(one.entry(bytes.fromhex(payloads.add(one))))
                else:
                    blocks.append(one.entry(b""))
                    prelude.append(one.payload)
        self._see_untouched([one.digest for one in new], blocks)
        index = CompactIndex(
            self._manifest.pack,
            self._manifest.version,
            self._base.version,
            len(prelude),
            b"",
            untold,
            tuple(blocks),
        )
        head = encode_compact_head(index, prelude)
        path = self._workspace.staging("bundle")
        length = assemble(path, head, payloads.all, self._changed)
        reckoning.end()
        return BundleLink(self._base.version, length, len(head), index_digest(head)), path

    def _reckoning(self, new: Sequence[Content], progress: Progress) -> Reckoning:
        """Say how much there is to do."""
        reckoning = Reckoning(progress, sum(one.size for one in new), referring(count_of()))
        reckoning.expect(
            old=sum(size for _, size in self._known) if new else 0,
            stored=sum(one.size for one in new if one.stored),
            encoded=sum(one.size for one in new if not one.stored),
        )
        return reckoning

    def _blocks(
        self, groups: Sequence[Group], reckoning: Reckoning
    ) -> Generator[tuple[Group, MadeBlock]]:
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
            Source(self._workspace.blob(digest), size, digest)
            if self._workspace.has_blob(digest, size)
            else Absent(size)
            for digest, size in self._known
        ]
        for one in old:
            if isinstance(one, Source):
                self._untouched.watch(Digest(one.name))
        memory = OldFiles(self._workspace)
        for number, block in make_blocks(new, old, self._level, reckoning, memory):
            yield groups[number], block

    def _see_untouched(self, made: Sequence[Digest], blocks: Sequence[CompactBlock]) -> None:
        """See that what was made, and what blocks refer to, is what it was all the time."""
        if (digest := self._untouched.first_changed(made)) is not None:
            raise content_changed(self._workspace, self._manifest, digest)
        if (digest := self._untouched.first_changed(self._referred(blocks))) is not None:
            raise content_changed(self._workspace, self._base, digest)

    def _referred(self, blocks: Sequence[CompactBlock]) -> list[Digest]:
        """Give the old contents that blocks refer to."""
        starts = list(accumulate((size for _, size in self._known), initial=0))
        numbers: set[int] = set()
        for start, length in ((one.start, one.length) for b in blocks for one in b.references):
            first = bisect_right(starts, start) - 1
            # What is behind the old contents is what other blocks make: that is seen anyway.
            last = min(bisect_left(starts, start + length), len(self._known))
            numbers.update(range(first, last))
        known = (self._known[number] for number in sorted(numbers))
        return [digest for digest, size in known if size]

    def _changed(self, place: Path) -> NoReturn:
        raise content_changed(self._workspace, self._manifest, Digest(place.name))
