"""What is wrong with one file or one pack costs that pack alone, and nothing grows for ever."""

import random
from collections.abc import Generator
from pathlib import Path

import pytest

from cache.blobs import BlobStore
from core.digest import digest_of
from core.errors import ExitCode
from sync.directory_source import DirectorySource
from sync.events import Alive, Problem
from sync.source import SourceError
from tests.support.http_repository import Answer, Asked, Fault, HttpRepository
from tests.support.node_state import make_node
from tests.support.tiny_repository import TinyRepository, publish_files

BIRD, FISH = "demo/county/bird", "demo/county/fish"


def pages(seed: int) -> dict[str, bytes]:
    """Give a page that compresses."""
    chance = random.Random(seed)
    return {"a.html": b"".join(b"<p>%d</p>" % chance.randrange(999) for _ in range(9000))}


def bundles(tiny: TinyRepository) -> set[Path]:
    """Give the bundles there are."""
    return set(tiny.directory.glob("bundles/*/*"))


def two_packs(path: Path) -> tuple[TinyRepository, Path]:
    """Publish two packs; give the bundle of the one that comes first, too."""
    tiny = TinyRepository(path)
    publish_files(tiny, BIRD, pages(1), 1)
    (first,) = bundles(tiny)
    publish_files(tiny, FISH, pages(2), 1)
    return tiny, first


@pytest.mark.parametrize("damage", ["missing", "short", "empty", "denied", "release"])
def test_a_file_that_fails_stops_only_its_own_pack(tmp_path: Path, damage: str) -> None:
    tiny, bundle = two_packs(tmp_path)
    node = make_node(tmp_path / "node", tiny.root)
    broken = bundle
    if damage == "release":
        (broken,) = (tiny.directory / "targets/demo/county").glob("*.bird")
    whole = broken.read_bytes()
    if damage in {"missing", "release"}:
        broken.unlink()
    elif damage in {"short", "empty"}:
        broken.write_bytes(whole[:-9] if damage == "short" else b"")

    def deny(asked: Asked) -> Fault | None:
        return Answer(403) if damage == "denied" and bundle.name in asked.path else None

    with HttpRepository(tiny.directory) as server:
        server.fault = deny
        summary = node.pull(server.url)
        assert node.files(FISH) == pages(2)
        assert [one.pack for one in summary.problems] == [BIRD]
        assert broken.name in summary.problems[0].text
        assert summary.exit_code == ExitCode.PARTIAL
        broken.write_bytes(whole)
        server.fault = lambda _: None
        assert node.pull(server.url).exit_code == 0
    assert node.files(BIRD) == pages(1)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_delta_that_fails_gives_way_to_the_full_bundle(tmp_path: Path, damage: str) -> None:
    tiny = TinyRepository(tmp_path)
    first = publish_files(tiny, FISH, pages(1), 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = DirectorySource(tiny.directory)
    assert node.pull_from(source).exit_code == 0
    before = bundles(tiny)
    new = {"a.html": pages(1)["a.html"] + b"more"}
    publish_files(tiny, FISH, new, 2, base=first)
    delta = min(bundles(tiny) - before, key=lambda one: one.stat().st_size)
    if damage == "missing":
        delta.unlink()
    else:
        delta.write_bytes(delta.read_bytes()[:-1] + b"?")
    assert node.pull_from(source).exit_code == 0
    assert node.files(FISH) == new
    # It is told, but nothing failed.
    (told,) = node.problems()
    assert delta.name in told


def test_old_versions_go_while_another_pack_stays_broken(tmp_path: Path) -> None:
    tiny, bundle = two_packs(tmp_path)
    node = make_node(tmp_path / "node", tiny.root)
    source = DirectorySource(tiny.directory)
    bundle.unlink()
    node.pull_from(source)
    old = digest_of(pages(2)["a.html"])
    blobs = BlobStore(node.state.blobs)
    assert blobs.has(old)
    publish_files(tiny, FISH, pages(3), 2)
    stray = node.state.staging / "outputs" / old
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"half of what nothing wants any more")
    node.pull_from(source)
    assert node.files(FISH) == pages(3)
    assert not blobs.has(old)
    assert not stray.exists()


def test_a_version_that_was_overtaken_leaves_nothing_though_the_line_stays_bad(
    tmp_path: Path,
) -> None:
    tiny = TinyRepository(tmp_path)
    node = make_node(tmp_path / "node", tiny.root)
    for version in range(1, 5):
        publish_files(tiny, FISH, pages(version), version)
        # Index and manifest come, then half of the page, then nothing.
        source = CutSource(tiny.directory, 6000, 3)
        assert node.pull_from(source).exit_code == ExitCode.OFFLINE
    begun = [one for one in node.state.staging.iterdir() if one.name != "outputs"]
    assert len(begun) == 1
    assert node.pull_from(DirectorySource(tiny.directory)).exit_code == 0
    assert node.files(FISH) == pages(4)


def test_a_publisher_cannot_fill_the_summary(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    for number in range(120):
        publish_files(tiny, f"demo/county/fish-{number}", {"a": b"a"}, 1)
    for release in tiny.directory.glob("targets/*/*/*"):
        release.write_bytes(b"{}")
    node = make_node(tmp_path / "node", tiny.root)
    summary = node.pull_from(DirectorySource(tiny.directory))
    assert len([one for one in node.events if isinstance(one, Problem)]) == 120
    assert len(summary.problems) == 100


class CutSource(DirectorySource):
    """Cuts each request for a bundle after some bytes; is down after some requests."""

    def __init__(self, root: Path, most: int, allowed: int = 1000) -> None:
        super().__init__(root)
        self.most = most
        self.allowed = allowed
        self.tries = 0
        self.sent = 0

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        self.tries += 1
        if self.tries > self.allowed:
            raise SourceError("Nobody is there.", fault="refused")
        data = b"".join(super().open_range(path, start, min(stop, start + self.most)))
        self.sent += len(data)
        yield data
        if start + self.most < stop:
            raise SourceError("The line was cut.", fault="cut")


def test_a_few_bytes_a_connection_are_no_progress(tmp_path: Path) -> None:
    """An upstream that gives one byte and hangs up must not keep the worker for ever."""
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, FISH, {"a": random.Random(1).randbytes(50_000)}, 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = CutSource(tiny.directory, 1)
    summary = node.pull_from(source)
    assert (summary.exit_code, source.tries) == (ExitCode.OFFLINE, 4)
    # Once while what is outstanding is reckoned, then before each try again.
    assert len([one for one in node.events if isinstance(one, Alive)]) == 1 + 3
    source.most = 2000
    assert node.pull_from(source).exit_code == 0
    # Each byte came once, those of the first run, too.
    assert source.sent == sum(one.stat().st_size for one in bundles(tiny))


def test_the_index_is_resumed_too(tmp_path: Path) -> None:
    """An index of many files may take longer than a school's line stays up."""
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, FISH, {f"{n:04}": b"lesson %d" % n for n in range(200)}, 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = CutSource(tiny.directory, 1500, 1)
    assert node.pull_from(source).exit_code == ExitCode.OFFLINE
    assert source.sent == 1500
    again = CutSource(tiny.directory, 10**9)
    assert node.pull_from(again).exit_code == 0
    assert source.sent + again.sent == sum(one.stat().st_size for one in bundles(tiny))


def test_room_is_asked_for_once_and_only_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(
        "sync.pull.bundles.reserve", lambda _, needed, **_more: asked.append(needed)
    )
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, FISH, {"a": random.Random(1).randbytes(500_000)}, 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = CutSource(tiny.directory, 400_000, 3)
    assert node.pull_from(source).exit_code == ExitCode.OFFLINE
    manifest, first = asked
    assert manifest < 3000
    # A stored block is received where it stays: no second copy.
    assert first == 500_000
    assert node.pull_from(CutSource(tiny.directory, 10**9)).exit_code == 0
    assert asked[2:] == [500_000]
