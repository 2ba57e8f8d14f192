"""The heads of deltas, on nodes in which something is not as it should be."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import zstandard

from cache.blobs import BlobStore
from core.bundle.frame import FRAME_BYTES, encode_compact_head, index_digest
from core.bundle.index import decode_index
from core.digest import digest_of
from core.errors import ExitCode
from core.manifest import encode_manifest
from core.release import FORMAT, BundleLink, Release, bundle_path
from core.trusted_time import format_moment
from sync.directory_source import DirectorySource
from sync.events import ItemReady
from tests.support.node_state import Node, make_node
from tests.support.small_delta import SmallDelta
from tests.support.tiny_repository import TinyRepository, bundle_of, publish_manifest

PACK = "demo/county/fish"
OLD = {f"{n}.html": b"<p>page %d</p>" % n * 30 for n in range(6)}
NEW = {path: data + b"<p>more</p>" for path, data in OLD.items()} | {"7.html": OLD["3.html"]}


class World:
    """A node that has a version, and a repository that has the next, and a small delta to it."""

    def __init__(self, path: Path) -> None:
        self.tiny = TinyRepository(path)
        self.delta = SmallDelta(OLD, NEW, 4, pack=PACK)
        publish_manifest(self.tiny, self.delta.base, OLD)
        self.node: Node = make_node(path / "node", self.tiny.root)
        assert self.pull() == ExitCode.DONE

    def publish(self, manifest: bytes | None = None) -> BundleLink:
        """Publish the next version; give the delta's link.

        Args:
            manifest: what the release says is the manifest.
        """
        delta, tiny = self.delta, self.tiny
        tiny.blobs.update({digest_of(data): data for data in NEW.values()})
        head = encode_compact_head(delta.index, delta.head)
        link = tiny.store_bundle(head, delta.payloads[delta.index.prelude :], 1)
        plain = manifest or encode_manifest(delta.manifest)
        tiny.put_release(
            Release(
                format=FORMAT,
                pack=delta.manifest.pack,
                version=2,
                published=format_moment(tiny.now),
                title=delta.manifest.title,
                manifest=digest_of(plain),
                manifest_size=len(plain),
                content_size=sum(delta.manifest.digests().values()),
                bundles=[bundle_of(tiny, delta.manifest), link],
            )
        )
        tiny.sequence()
        assert link.index == index_digest(head)
        return link

    def pull(self) -> ExitCode:
        return ExitCode(self.node.pull_from(DirectorySource(self.tiny.directory)).exit_code)


class Noting(DirectorySource):
    """A source that notes what is asked for of each bundle."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: dict[str, list[tuple[int, int]]] = {}

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give a range."""
        self.asked.setdefault(path, []).append((start, stop))
        yield from super().open_range(path, start, stop)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def without_full(world: World) -> None:
    """Let nothing but the delta be there."""
    full = bundle_of(world.tiny, world.delta.manifest)
    (world.tiny.directory / bundle_path(full.index)).unlink()


def test_small_files_in_a_head_are_ready_with_it(world: World) -> None:
    link = world.publish()
    without_full(world)
    place = world.tiny.directory / bundle_path(link.index)
    whole = place.read_bytes()
    # Of the blocks behind the head nothing comes.
    place.write_bytes(whole[: link.index_length])
    world.node.events.clear()
    assert world.pull() != ExitCode.DONE
    ready = [one.item for one in world.node.events if isinstance(one, ItemReady)]
    assert len(ready) == 5
    place.write_bytes(whole)
    assert world.pull() == ExitCode.DONE
    assert world.node.files(PACK) == NEW


def test_where_zlib_is_another_one_the_full_bundle_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    monkeypatch.setattr("sync.pull.heads.EXPANDED", 1)
    monkeypatch.setattr("sync.pull.heads.has_same_deflate", lambda: False)
    world.node.events.clear()
    assert world.pull() == ExitCode.DONE
    assert world.node.files(PACK) == NEW
    (told,) = world.node.problems()
    assert "zlib" in told


def test_another_zlib_is_no_hindrance_where_the_manifest_came_from_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = world.publish()
    monkeypatch.setattr("sync.pull.heads.EXPANDED", 1)
    monkeypatch.setattr("sync.pull.heads.has_same_deflate", lambda: False)
    BlobStore(world.node.state.blobs).add(encode_manifest(world.delta.manifest))
    world.node.events.clear()
    source = Noting(world.tiny.directory)
    assert world.node.pull_from(source).exit_code == ExitCode.DONE
    assert world.node.files(PACK) == NEW
    (told,) = world.node.problems()
    assert "zlib" in told
    # Of the delta nothing but the head was asked for, of the full bundle not the manifest.
    full = bundle_of(world.tiny, world.delta.manifest)
    file = (world.tiny.directory / bundle_path(full.index)).read_bytes()
    packed = file[FRAME_BYTES : full.index_length]
    index = decode_index(zstandard.ZstdDecompressor().decompress(packed))
    first, second = index.offsets(full.index_length)[:2]
    assert source.asked[bundle_path(link.index)] == [(0, link.index_length)]
    (head, blocks) = source.asked[bundle_path(full.index)]
    assert head == (0, first)
    assert blocks[0] >= second


def test_a_delta_that_leads_elsewhere_gives_way_to_the_full_bundle(world: World) -> None:
    delta = world.delta
    link = world.publish()
    other = SmallDelta(OLD, {**NEW, "0.html": b"of somebody else"}, 4, pack=PACK)
    assert other.manifest != delta.manifest
    world.delta = other
    other.manifest, right = delta.manifest, other.manifest
    assert right != other.manifest
    assert world.publish() != link
    world.node.events.clear()
    assert world.pull() == ExitCode.DONE
    assert world.node.files(PACK) == NEW
    (told,) = world.node.problems()
    assert "something else than was signed" in told


@pytest.mark.skipif(os.getuid() != 0, reason="gives up root's right to write to any file")
def test_what_a_kill_left_half_kept_is_no_hindrance_to_a_plain_user(tmp_path: Path) -> None:
    """Files that are finished are read-only; whoever is killed then has not given them a name."""
    staging = tmp_path / "staging"
    staging.mkdir()
    data = b"a page"
    left = staging / digest_of(data)
    left.write_bytes(data)
    left.chmod(0o444)
    code = (
        "import sys; from pathlib import Path; from cache.blobs import BlobStore;"
        " from cache import durable; from core.digest import digest_of; place = Path(sys.argv[1]);"
        " durable.open_staging(place / 'staging' / digest_of(b'a page')).close();"
        " (place / 'staging' / digest_of(b'a page')).chmod(0o444);"
        " BlobStore(place / 'blobs').add_all({digest_of(b'a page'): b'a page'}, place / 'staging')"
    )
    words = ["setpriv", "--bounding-set", "-dac_override", sys.executable, "-c", code]
    subprocess.run([*words, str(tmp_path)], check=True)
    assert BlobStore(tmp_path / "blobs").read(digest_of(data), limit=10) == data
