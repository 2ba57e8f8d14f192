"""Media of several blocks from a stick: hashed once, made durable together, and still safe."""

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cache import failpoints
from core.bundle.index import MAX_BLOCK_BYTES
from core.errors import ExhaustedError, ExitCode
from sync.directory_source import DirectorySource
from sync.events import Summary
from sync.pull import pull
from tests.support.deadly_source import DeadlySource, KilledError
from tests.support.node_state import Node, make_node
from tests.support.small_world import assert_clean
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/films"
FILMS = {
    "long.mp4": random.Random(1).randbytes(MAX_BLOCK_BYTES + 3_000_000),
    "short.mp4": random.Random(2).randbytes(700_000),
    "page.html": b"".join(b"<p>%d</p>" % number for number in range(9000)),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyRepository:
    tiny = TinyRepository(tmp_path_factory.mktemp("stick"))
    publish_files(tiny, PACK, FILMS, 1)
    return tiny


@pytest.fixture
def node(tiny: TinyRepository, tmp_path: Path) -> Node:
    return make_node(tmp_path / "node", tiny.root)


def take(node: Node, source: DirectorySource) -> Summary:
    return pull(replace(node.context(lambda: source), by_line=False))


def bundle(tiny: TinyRepository) -> Path:
    return max(
        (path for path in (tiny.directory / "bundles").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )


def test_everything_comes_and_stays(tiny: TinyRepository, node: Node) -> None:
    summary = take(node, DirectorySource(tiny.directory))
    assert (summary.exit_code, node.problems()) == (0, [])
    assert node.files(PACK) == FILMS
    assert_clean(node.state)
    assert list(node.state.staging.iterdir()) == []


@pytest.mark.parametrize("at", [100_000, MAX_BLOCK_BYTES - 5, MAX_BLOCK_BYTES + 2_000_000])
def test_killed_in_the_middle_it_goes_on(tiny: TinyRepository, node: Node, at: int) -> None:
    deadly = DeadlySource(tiny.directory, at, 250_000)
    with pytest.raises(KilledError):
        take(node, deadly)
    assert_clean(node.state)
    summary = take(node, DirectorySource(tiny.directory))
    assert (summary.exit_code, node.files(PACK)) == (0, FILMS)
    whole = bundle(tiny).stat().st_size
    assert summary.packs[0].bundle_bytes <= whole - deadly.sent + 250_000 + 100_000


@pytest.mark.parametrize("number", [5, 10, 15, 20])
def test_a_disk_that_fails_once_costs_nothing(
    tiny: TinyRepository, node: Node, number: int
) -> None:
    failpoints.hook = failpoints.counting(f"any:{number * 4}:full")
    try:
        with suppress(ExhaustedError):
            take(node, DirectorySource(tiny.directory))
    finally:
        failpoints.hook = None
    assert take(node, DirectorySource(tiny.directory)).exit_code == 0
    assert node.files(PACK) == FILMS
    assert_clean(node.state)


def test_damage_anywhere_is_found_and_nothing_of_it_served(
    tiny: TinyRepository, node: Node
) -> None:
    path = bundle(tiny)
    data = bytearray(path.read_bytes())
    place = data.index(FILMS["long.mp4"][-1000:])
    data[place] ^= 1
    path.write_bytes(data)
    try:
        summary = take(node, DirectorySource(tiny.directory))
    finally:
        data[place] ^= 1
        path.write_bytes(data)
    assert summary.exit_code == ExitCode.REFUSED
    assert path.name in summary.problems[0].text
    assert "long.mp4" not in node.files(PACK)
    assert_clean(node.state)
    assert take(node, DirectorySource(tiny.directory)).exit_code == 0
    assert node.files(PACK) == FILMS
