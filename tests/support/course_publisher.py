"""A publisher who builds packs as ``packhorse pack publish`` does, deltas included.

publisher = CoursePublisher(tiny, tmp_path)
publisher.publish({"1.html": b"..."})       # version 1
publisher.publish({"1.html": b"!.."})       # version 2, with a delta from 1
publisher.links                             # of the newest release, by base
"""

import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.bundle.compact import CompactIndex
from core.bundle.frame import decode_head
from core.bundle.index import Index
from core.bundle.listed import rows_of
from core.bundle.listing import contents
from core.digest import Digest
from core.manifest import Manifest, encode_manifest
from core.release import BundleLink, Release, bundle_path
from core.trusted_time import format_moment
from packager.build import Build
from packager.bundler import Levels
from tests.support.packing import QUICK, build, tools_in, write_tree
from tests.support.tiny_repository import TinyRepository

PACK = "demo/county/fish"


class CoursePublisher:
    """Publishes versions of one pack.

    Args:
        repository: where to.
        path: where folder and workspace are.
        levels: of compression.

    Attributes:
        manifests: of all versions, the oldest first.
        build: the newest one.
    """

    build: Build

    def __init__(self, repository: TinyRepository, path: Path, levels: Levels = QUICK) -> None:
        self.manifests: list[Manifest] = []
        self._repository = repository
        self._folder = path / "folder"
        self._tools = replace(tools_in(path / "workspace"), levels=levels)

    def publish(self, files: Mapping[str, bytes], *, deltas: int | None = None) -> None:
        """Publish the next version, which has exactly these files.

        Args:
            files: content by path.
            deltas: from so many versions; None for as many as there are by default.
        """
        write_tree(self._folder, files)
        count = self._tools.deltas if deltas is None else deltas
        bases = self.manifests[: -count - 1 : -1]
        self.build = build(self._folder, self._tools, len(self.manifests) + 1, bases)
        for one in self.build.bundles:
            target = self._repository.directory / bundle_path(one.link.index)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._tools.workspace.bundle(one.link.index), target)
        self._repository.put_release(self.release)
        self._repository.sequence()
        self.manifests.append(self.build.manifest)

    @property
    def release(self) -> Release:
        """The newest one."""
        return self.build.release(format_moment(self._repository.now))

    @property
    def links(self) -> dict[int, BundleLink]:
        """Its bundles by the version that they start from."""
        return {one.link.base: one.link for one in self.build.bundles}

    def head_references(self, base: int) -> set[Digest]:
        """Name the old files to which the head of the newest delta from a version refers."""
        return self._references(base, is_head=True)

    def block_references(self, base: int) -> set[Digest]:
        """Name those to which the blocks behind its head refer."""
        return self._references(base, is_head=False)

    def made_references(self, base: int) -> list[bool]:
        """Say of each block behind that head whether it refers to what others make."""
        index, old = self._opened(base)
        end = sum(size for _, size in old)
        return [
            any(one.start + one.length > end for one in block.references)
            for block in index.blocks[index.prelude :]
        ]

    def _references(self, base: int, *, is_head: bool) -> set[Digest]:
        index, old = self._opened(base)
        blocks = index.blocks[: index.prelude] if is_head else index.blocks[index.prelude :]
        ranges = [one for block in blocks for one in block.references]
        names: set[Digest] = set()
        start = 0
        for digest, size in old:
            if any(one.start < start + size and start < one.start + one.length for one in ranges):
                names.add(digest)
            start += size
        return names

    def _opened(self, base: int) -> tuple[CompactIndex, list[tuple[Digest, int]]]:
        """Give the index of the newest delta from a version, and the contents of that."""
        link = self.links[base]
        data = self._tools.workspace.bundle(link.index).read_bytes()[: link.index_length]
        found = decode_head(data, link, self.release)
        assert not isinstance(found, Index)
        manifest = self.manifests[base - 1]
        return found[0], contents(rows_of(encode_manifest(manifest), manifest).rows)


def text(chance: random.Random, size: int) -> bytes:
    """Give lines that compress to a third or so."""
    words = [f"{chance.getrandbits(28):x}" for _ in range(400)]
    lines: list[str] = []
    while size > 0:
        lines.append(" ".join(chance.choices(words, k=9)))
        size -= len(lines[-1]) + 1
    return "\n".join(lines).encode()


def course(seed: int = 1) -> dict[str, bytes]:
    """Give a course: many small pages, three large texts, a film."""
    chance = random.Random(seed)
    files = {f"pages/{n:03}.html": text(chance, 3000) for n in range(120)}
    files |= {f"texts/{n}.txt": text(chance, 1_100_000) for n in range(3)}
    return files | {"film.mp4": chance.randbytes(700_000)}


def edited(files: Mapping[str, bytes], version: int) -> dict[str, bytes]:
    """Give the next version of a course: all small pages and all large texts change a little."""
    chance = random.Random(version)
    new = dict(files)
    for path, data in files.items():
        if not path.endswith(".mp4"):
            at = chance.randrange(len(data) - 100)
            new[path] = data[:at] + b"edited %d" % version + data[at + 30 :]
    return new | {f"new-{version}.txt": text(chance, 30_000)}
