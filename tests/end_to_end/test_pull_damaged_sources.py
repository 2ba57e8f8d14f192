"""Sources that were damaged on a node, and a stick: what is made from them is seen to be wrong.

By line a source is read before anything is asked for; where bytes cost nothing it is not.
"""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from cache.blobs import BlobStore
from core.bundle.codecs import ZSTD
from core.bundle.encode import compress_zstd
from core.bundle.frame import encode_head
from core.bundle.index import Block, Index, Output, Slice
from core.digest import digest_of
from core.errors import ExitCode
from core.manifest import encode_manifest
from core.release import FORMAT, BundleLink, Release, bundle_path
from core.trusted_time import format_moment
from sync.directory_source import DirectorySource
from sync.pull import run_pull
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, bundle_of, manifest_of, publish_manifest

PACK = "demo/county/fish"
OLD = {"a.bin": Random(1).randbytes(90_000), "b.bin": Random(2).randbytes(5000)}
NEW = {"a.bin": OLD["a.bin"] + b"and more", "b.bin": OLD["b.bin"] + OLD["a.bin"][:2000]}


class Stick(DirectorySource):
    """A stick that counts what is read of each bundle."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.sent: dict[str, int] = {}

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give a range."""
        for chunk in super().open_range(path, start, stop):
            self.sent[path] = self.sent.get(path, 0) + len(chunk)
            yield chunk


class World:
    """A node with a version, and a stick with the next: a full bundle, and a delta.

    Block 0 of the delta makes the manifest, 1 the new a.bin from the old one, and 2 the new b.bin
    from the old one and the new a.bin.

    Args:
        path: where to.
        made: what block 2 gives.
    """

    def __init__(self, path: Path, made: bytes = NEW["b.bin"]) -> None:
        self.tiny = TinyRepository(path)
        first = publish_manifest(self.tiny, manifest_of(PACK, OLD, 1), OLD)
        self.node: Node = make_node(path / "node", self.tiny.root)
        assert self.node.pull_from(DirectorySource(self.tiny.directory)).exit_code == 0
        self.tiny.blobs.update({digest_of(data): data for data in NEW.values()})
        self.manifest = manifest_of(PACK, NEW, 2)
        self.full = bundle_of(self.tiny, self.manifest)
        self.payloads: list[bytes] = []
        self.delta = self.small_delta(first.version, made)
        self.publish()

    def small_delta(self, base: int, made: bytes) -> BundleLink:
        """Store the delta."""
        plain = encode_manifest(self.manifest)
        outputs = [plain, NEW["a.bin"], NEW["b.bin"]]
        sources = [OLD["a.bin"], OLD["b.bin"]]
        referred: list[list[Slice]] = [
            [],
            [(0, 0, len(OLD["a.bin"]))],
            [(1, 0, len(OLD["b.bin"])), (3, 0, len(NEW["a.bin"]))],
        ]
        blocks: list[Block] = []
        for number, (data, references) in enumerate(zip(outputs, referred, strict=True)):
            every = [*sources, *outputs]
            prefix = b"".join(every[n][at : at + length] for n, at, length in references)
            payload = compress_zstd(made if number == 2 else data, prefix, 3)
            raw = bytes.fromhex(digest_of(payload))
            blocks.append(Block(ZSTD, len(payload), raw, [(number, 0, len(data))], references))
            self.payloads.append(payload)
        index = Index(
            PACK,
            2,
            base,
            [bytes.fromhex(digest_of(one)) for one in sources],
            [Output(bytes.fromhex(digest_of(one)), len(one)) for one in outputs],
            blocks,
        )
        return self.tiny.store_bundle(encode_head(index), self.payloads, base)

    def publish(self) -> None:
        """Publish the next version."""
        plain = encode_manifest(self.manifest)
        self.tiny.put_release(
            Release(
                format=FORMAT,
                pack=self.manifest.pack,
                version=2,
                published=format_moment(self.tiny.now),
                title=self.manifest.title,
                manifest=digest_of(plain),
                manifest_size=len(plain),
                content_size=sum(self.manifest.digests().values()),
                bundles=[self.full, self.delta],
            )
        )
        self.tiny.sequence()

    def place(self, data: bytes) -> Path:
        """Say where the node has a blob."""
        digest = digest_of(data)
        return self.node.state.blobs / digest[:2] / digest

    def damage(self, data: bytes) -> None:
        """Let a blob of the node rot, in the middle and without any trace."""
        place = self.place(data)
        place.chmod(0o644)
        place.write_bytes(bytes([data[0] ^ 1]) + data[1:])

    def leave(self, block: int) -> None:
        """Leave a block's payload as a run does that is killed when the last byte is there."""
        # Without the manifest nobody would know that the payload is wanted.
        BlobStore(self.node.state.blobs).add(encode_manifest(self.manifest))
        staging = self.node.state.staging / self.delta.index
        staging.mkdir(parents=True, exist_ok=True)
        head = (self.tiny.directory / bundle_path(self.delta.index)).read_bytes()
        (staging / "head").write_bytes(head[: self.delta.index_length])
        (staging / str(block)).write_bytes(self.payloads[block])

    def pull(self) -> Stick:
        """Pull from the stick until nothing is left to do."""
        self.node.events.clear()
        stick = Stick(self.tiny.directory)
        summary = run_pull(replace(self.node.context(lambda: stick), by_line=False))
        self.code = ExitCode(summary.exit_code)
        return stick


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


LEFT = [
    pytest.param([], id="nothing is here"),
    pytest.param([2], id="it waits for a block that comes"),
    pytest.param([1, 2], id="all is here"),
    pytest.param([1], id="the other one is here"),
]


@pytest.mark.parametrize("left", LEFT)
def test_a_file_whose_source_is_damaged_comes_from_another_bundle(
    world: World, left: list[int]
) -> None:
    for block in left:
        world.leave(block)
    world.damage(OLD["b.bin"])
    stick = world.pull()
    assert (world.code, world.node.problems()) == (ExitCode.DONE, [])
    assert world.node.files(PACK) == NEW
    # The other file, which is much larger, is made by the delta.
    assert stick.sent[bundle_path(world.full.index)] < 9000


@pytest.mark.parametrize("left", LEFT)
def test_a_damaged_source_is_known_as_lost_also_where_no_other_bundle_is(
    world: World, left: list[int]
) -> None:
    for block in left:
        world.leave(block)
    full = world.tiny.directory / bundle_path(world.full.index)
    whole = full.read_bytes()
    full.unlink()
    world.damage(OLD["b.bin"])
    world.pull()
    assert world.code != ExitCode.DONE
    assert not world.place(OLD["b.bin"]).exists()
    assert world.node.files(PACK) == {"a.bin": NEW["a.bin"]}
    full.write_bytes(whole)
    world.pull()
    assert (world.code, world.node.problems()) == (ExitCode.DONE, [])
    assert world.node.files(PACK) == NEW


def test_an_output_that_was_here_and_is_damaged_is_made_again(world: World) -> None:
    """Another pack had brought it; a block of this one refers to it."""
    other = {"x.bin": NEW["a.bin"]}
    publish_manifest(world.tiny, manifest_of("demo/county/copy", other, 1), other)
    world.node.packs = ("demo/county/copy",)
    world.pull()
    world.node.packs = ("*",)
    world.damage(NEW["a.bin"])
    stick = world.pull()
    assert (world.code, world.node.problems()) == (ExitCode.DONE, [])
    assert world.node.files(PACK) == NEW
    assert bundle_path(world.full.index) not in stick.sent


@pytest.mark.parametrize("left", [LEFT[0], LEFT[2]])
def test_a_bundle_that_is_wrong_is_told_from_a_damaged_source(
    tmp_path: Path, left: list[int]
) -> None:
    """Its payload is the one that was signed, and gives something else than was signed."""
    world = World(tmp_path, NEW["b.bin"][::-1])
    for block in left:
        world.leave(block)
    world.pull()
    assert world.node.files(PACK) == NEW
    (told,) = world.node.problems()
    assert bundle_path(world.delta.index) in told
