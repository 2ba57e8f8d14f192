"""From a folder to a version's bundles, in the workspace.

    ingest      content into blobs, digests by path
    render      videos into renditions (``packager.renditions``)
    decide      which version this is (``packager.versions``)
    build       the full bundle, and a delta from each of the versions before

Everything finished is found again by the next run, so a build can be interrupted at any time.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from core.bundle.frame import decode_full_head
from core.bundle.needs import blocks_needed, cost
from core.digest import Digest, digest_of
from core.manifest import Manifest, encode_manifest
from core.release import FORMAT, BundleLink, Release
from packager.bundler import Bundler, Levels, Recipe
from packager.delta.probing import compresses
from packager.delta_bundler import DeltaBundler
from packager.ingest import ingest, see_unchanged
from packager.items import owners
from packager.layout import SHARED, STORED_BYTES, Content
from packager.reuse import Reusable
from packager.scan import Folder
from packager.workspace import BuiltBundle, Workspace

# Raised whenever the same content would come out as other bundles.
_RECIPE: Final = 3

Progress = Callable[[int], None]
# Opens a phase of the work: its name, and what it has to do, mostly bytes.
Phases = Callable[[str, int], AbstractContextManager[Progress]]


@dataclass(frozen=True)
class Tools:
    """What a build works with.

    Attributes:
        workspace: where everything is kept.
        phases: told of the progress.
        levels: compression levels.
        deltas: from how many earlier versions deltas are made.
    """

    workspace: Workspace
    phases: Phases
    levels: Levels
    deltas: int


@dataclass(frozen=True)
class Bundle:
    """One bundle that was built.

    Attributes:
        link: its link as the release gives it.
        base: the version it starts from, None for the full one.
        alternative: bytes that the full bundle costs a node of that version.
    """

    link: BundleLink
    base: Manifest | None
    alternative: int

    @property
    def worthwhile(self) -> bool:
        """Whether it saves anything."""
        return self.base is None or self.link.length < self.alternative


@dataclass(frozen=True)
class Build:
    """What a build made. The full bundle is first; a delta that saves nothing is left out."""

    manifest: Manifest
    bundles: list[Bundle]
    dropped: list[Bundle]

    def release(self, published: str) -> Release:
        """Give the release of this build.

        Args:
            published: the moment of publishing, in UTC.
        """
        data = encode_manifest(self.manifest)
        return Release(
            format=FORMAT,
            pack=self.manifest.pack,
            version=self.manifest.version,
            published=published,
            title=self.manifest.title,
            manifest=digest_of(data),
            manifest_size=len(data),
            content_size=sum(self.manifest.digests().values()),
            bundles=[bundle.link for bundle in self.bundles],
        )


def read_folder(
    folder: Folder, tools: Tools, now: datetime, named: Collection[str] = ()
) -> dict[str, Digest]:
    """Take the folder's content in and give the digest of each path.

    Args:
        folder: what to take in.
        tools: the workspace, and what is told of the progress.
        now: the machine's clock.
        named: paths of files whose digest is enough.

    Raises:
        UsageError: a file changed meanwhile, or cannot be read.
    """
    with tools.phases("Reading the folder", folder.size) as progress:
        return ingest(folder, tools.workspace, now, progress, named)


def build_bundles(
    folder: Folder, manifest: Manifest, bases: Iterable[Manifest], tools: Tools
) -> Build:
    """Make the bundles that lead to ``manifest``, whose content is in the workspace.

    Raises:
        UsageError: a file changed meanwhile.
    """
    maker = _Maker(manifest, tools)
    full = maker.make(None)
    bundles = [Bundle(full.link, None, full.link.length)]
    for base in bases:
        link = maker.make(base).link
        bundles.append(Bundle(link, base, maker.full_cost(full, base)))
    see_unchanged(folder)
    tools.workspace.remember(manifest, published=False)
    tools.workspace.prune_superseded()
    kept = [bundle for bundle in bundles if bundle.worthwhile]
    return Build(manifest, kept, [bundle for bundle in bundles if not bundle.worthwhile])


class _Maker:
    """Makes the bundles of one version, or finds them made."""

    def __init__(self, manifest: Manifest, tools: Tools) -> None:
        self._manifest = manifest
        self._data = encode_manifest(manifest)
        self._workspace = tools.workspace
        self._phases = tools.phases
        self._levels = tools.levels
        self._stored: dict[Digest, bool] = {}
        self._recipe = Recipe(tools.levels, Reusable.of(tools.workspace, tools.levels.full))
        tools.workspace.put_blob(self._data)

    def make(self, base: Manifest | None) -> BuiltBundle:
        key = self._key(base)
        ready = self._workspace.built(key)
        if ready:
            return ready
        contents = self._contents(base)
        if base is None:
            contents.insert(0, Content(digest_of(self._data), len(self._data), ""))
        label = f"Delta from version {base.version}" if base else "Full bundle"
        with self._phases(label, sum(content.size for content in contents)) as progress:
            link, staged = self._written(base, contents, progress)
        record = BuiltBundle(
            pack=self._manifest.pack,
            version=self._manifest.version,
            manifest=digest_of(self._data),
            link=link,
            level=self._levels.full,
        )
        self._workspace.put_bundle(key, staged, record)
        return record

    def _written(
        self, base: Manifest | None, contents: list[Content], progress: Progress
    ) -> tuple[BundleLink, Path]:
        if base:
            delta = DeltaBundler(self._workspace, self._manifest, base, self._levels.delta)
            return delta.write(contents, progress)
        return Bundler(self._workspace, self._manifest, self._recipe).write(contents, progress)

    def full_cost(self, full: BuiltBundle, base: Manifest) -> int:
        """Give what the full bundle costs a node that holds ``base``, bytes."""
        with self._workspace.bundle(full.link.index).open("rb") as file:
            head = file.read(full.link.index_length)
        release = Build(self._manifest, [Bundle(full.link, None, 0)], []).release("")
        index = decode_full_head(head, full.link, release)
        held = {*base.digests(), digest_of(encode_manifest(base))}
        wanted = {*self._manifest.digests(), release.manifest}
        return full.link.index_length + cost(index, blocks_needed(index, wanted, held, {}).blocks)

    def _key(self, base: Manifest | None) -> Digest:
        here = [
            digest
            for digest, size in (base.digests() if base else {}).items()
            if self._workspace.has_blob(digest, size)
        ]
        question = (
            _RECIPE,
            digest_of(self._data),
            digest_of(encode_manifest(base)) if base else "",
            # A delta refers to the old files that are here.
            sorted(here),
            (self._levels.full, self._levels.delta),
        )
        return digest_of(msgspec.msgpack.encode(question))

    def _contents(self, base: Manifest | None) -> list[Content]:
        """Give what the node of ``base`` lacks, once each."""
        held: set[Digest] = set(base.digests()) if base else set()
        before = {file.path for file in base.files} if base else set[str]()
        contents: list[Content] = []
        for file in self._manifest.files:
            if file.digest in held:
                continue
            held.add(file.digest)
            contents.append(
                Content(
                    digest=file.digest,
                    size=file.size,
                    path=file.path,
                    rank=self._ranks[file.path],
                    stored=self._is_stored(file.digest, file.size),
                    changed=file.path in before,
                    rung=self._rungs.get(file.path, 0),
                )
            )
        return contents

    @cached_property
    def _rungs(self) -> dict[str, int]:
        """Give for each path of a rendition which of its item's it is, 1 for the lowest."""
        return {
            path: rung
            for item in self._manifest.items
            for rung, one in enumerate(reversed(item.renditions), 1)
            for path in one.files
        }

    def _is_stored(self, digest: Digest, size: int) -> bool:
        """Say whether content does not compress; the bundles of all bases ask for the same."""

        def read(offset: int, length: int) -> bytes:
            return self._workspace.read_slice(digest, offset, length)

        found = self._stored.get(digest)
        if found is None:
            found = self._stored[digest] = size >= STORED_BYTES and not compresses(read, size)
        return found

    @cached_property
    def _ranks(self) -> dict[str, int]:
        paths = [file.path for file in self._manifest.files]
        found = owners((item.paths for item in self._manifest.items), paths)
        last = len(self._manifest.items)
        return {
            path: SHARED if len(numbers) > 1 else numbers[0] if numbers else last
            for path, numbers in found.items()
        }
