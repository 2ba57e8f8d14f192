"""Nodes that have one another: a pack crosses the line once, whoever brings it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from cache.blobs import BlobStore
from core.peers import PeerList, Share, decode_list, encode_list
from sync.events import Summary
from sync.held import held
from sync.nowhere import Nowhere
from sync.peers.company import Company
from sync.pull import run_pull
from sync.source import Document
from tests.support.http_repository import Answer, HttpRepository
from tests.support.node_state import Node, http_source, make_node
from tests.support.peers import OtherNode
from tests.support.portal_process import LISTEN, portal
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"
FILES = {
    "1-video.mp4": Random(1).randbytes(300_000),
    "2-sheet.txt": b"a fish swims\n" * 400,
    "3-song.mp3": Random(2).randbytes(90_000),
}


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path)
    publish_files(made, PACK, FILES, 1)
    return made


def enrolled(path: Path, tiny: TinyRepository, name: str) -> Node:
    node = make_node(path / name, tiny.root)
    identity = {
        "url": "http://127.0.0.1:9", "hub": "h", "node": name, "school": "s-1", "token": "t",
        "root_version": 1,
    }  # fmt: skip
    (node.state.root / "identity.json").write_text(json.dumps(identity))
    return node


@contextmanager
def giving(node: Node) -> Iterator[str]:
    """Run a node's portal; give its address."""
    arguments = ("-m", "edge_client.portal", "--state", str(node.state.root), *LISTEN)
    with portal(*arguments) as (_, addresses):
        yield addresses["portal"].removeprefix("http://")


def pull(node: Node, server: HttpRepository, company: Company) -> Summary:
    context = node.context(lambda: http_source(server.url))
    return run_pull(replace(context, company=company))


def pull_by_peers(node: Node, company: Company) -> Summary:
    return run_pull(replace(node.context(None), company=company, by_peers=True))


def told_by(address: str) -> PeerList:
    source = http_source(f"http://{address}/mirror")
    try:
        return decode_list(source.read("list", 1 << 20))
    finally:
        source.close()


def until_told(address: str, timestamp: int, version: int) -> None:
    """Wait until a node's list, which is some seconds old, knows of these."""
    deadline = time.monotonic() + 60
    while True:
        told = told_by(address)
        if told.timestamp == timestamp and told.packs[PACK].version == version:
            return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_another_node_has_does_not_come_by_line(tmp_path: Path, tiny: TinyRepository) -> None:
    first, second = (enrolled(tmp_path, tiny, name) for name in ("first", "second"))
    with HttpRepository(tiny.directory) as server:
        assert first.pull(server.url).exit_code == 0
        by_line = server.sent("bundles/")
        assert by_line > 390_000
        with giving(first) as address:
            summary = pull(second, server, Company((address,)))
    assert summary.exit_code == 0, second.problems()
    assert second.files(PACK) == FILES
    assert summary.by_peers >= sum(map(len, FILES.values()))
    # Of the bundle at most its index, which says what is in it.
    assert server.sent("bundles/") - by_line < 2000


def test_a_node_lives_from_a_parent_alone(tmp_path: Path, tiny: TinyRepository) -> None:
    parent, child = (enrolled(tmp_path, tiny, name) for name in ("parent", "child"))
    with HttpRepository(tiny.directory) as server:
        pull(parent, server, Company(("127.0.0.1:9",)))
        with giving(parent) as address:
            company = Company(parent=address)
            summary = pull_by_peers(child, company)
            assert summary.exit_code == 0, child.problems()
            assert child.files(PACK) == FILES
            assert not summary.reached
            # A new version: the parent has it by line, the child from the parent.
            newer = {**FILES, "4-more.txt": b"more"}
            publish_files(tiny, PACK, newer, 2)
            pull(parent, server, Company(("127.0.0.1:9",)))
            until_told(address, 3, 2)
            assert pull_by_peers(child, company).exit_code == 0
            assert child.versions() == {PACK: 2}
            assert child.files(PACK) == newer


def test_when_the_line_fails_other_nodes_bring_what_is_new(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    parent, child = (enrolled(tmp_path, tiny, name) for name in ("parent", "child"))
    with HttpRepository(tiny.directory) as server:
        pull(parent, server, Company(("127.0.0.1:9",)))
    with giving(parent) as address:
        summary = pull(child, server, Company((address,)))
    assert child.files(PACK) == FILES
    assert not summary.reached
    assert summary.problems[0].kind == "unavailable"


def test_while_the_line_is_paused_other_nodes_bring_what_is_new(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    class Paused(Nowhere):
        def poll(self, path: str, limit: int, validator: str) -> Document | None:  # noqa: ARG002
            raise held("paused", None, lambda _: datetime.now(UTC))

    parent, child = (enrolled(tmp_path, tiny, name) for name in ("parent", "child"))
    with HttpRepository(tiny.directory) as server:
        pull(parent, server, Company(("127.0.0.1:9",)))
    with giving(parent) as address:
        context = replace(child.context(Paused), company=Company((address,)))
        summary = run_pull(context)
    assert child.files(PACK) == FILES
    assert (summary.reached, summary.traffic.requests) == (False, 0)


def test_a_withdrawal_comes_from_a_parent_too(tmp_path: Path, tiny: TinyRepository) -> None:
    parent, child = (enrolled(tmp_path, tiny, name) for name in ("parent", "child"))
    with HttpRepository(tiny.directory) as server, giving(parent) as address:
        pull(parent, server, Company(("127.0.0.1:9",)))
        pull_by_peers(child, Company(parent=address))
        assert child.files(PACK) == FILES
        smaller = {name: data for name, data in FILES.items() if name != "3-song.mp3"}
        publish_files(tiny, PACK, smaller, 2)
        pull(parent, server, Company(("127.0.0.1:9",)))
        until_told(address, 3, 2)
        pull_by_peers(child, Company(parent=address))
    assert child.files(PACK) == smaller


def test_without_anybody_a_run_by_peers_changes_nothing(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    node = enrolled(tmp_path, tiny, "alone")
    summary = pull_by_peers(node, Company(("127.0.0.1:9",)))
    assert (summary.exit_code, summary.packs) == (0, [])
    assert node.versions() == {}


def test_a_parent_that_gives_an_older_world_changes_nothing(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    parent, child = (enrolled(tmp_path, tiny, name) for name in ("parent", "child"))
    with HttpRepository(tiny.directory) as server, giving(parent) as address:
        pull(parent, server, Company(("127.0.0.1:9",)))
        publish_files(tiny, PACK, {**FILES, "4-more.txt": b"more"}, 2)
        assert child.pull(server.url).exit_code == 0
        assert pull_by_peers(child, Company(parent=address)).exit_code == 0
    assert child.versions() == {PACK: 2}


@pytest.mark.parametrize("metadata", [None, b"{}"], ids=["missing", "refused"])
def test_a_node_whose_metadata_help_nobody_gives_its_lessons(
    tmp_path: Path, tiny: TinyRepository, metadata: bytes | None
) -> None:
    child, full = (enrolled(tmp_path, tiny, name) for name in ("child", "full"))
    with HttpRepository(tiny.directory) as server:
        full.pull(server.url)
        server.fault = lambda asked: Answer(503) if "bundles/" in asked.path else None
        child.pull(server.url)
    assert child.files(PACK) == {}
    blobs = BlobStore(full.state.blobs)
    contents = [blobs.path(one).read_bytes() for one in blobs]
    with OtherNode(tmp_path / "other", contents) as other:
        told = PeerList(node="other", hub="h", timestamp=99, packs={PACK: Share(1)})
        other.tell(raw=encode_list(told))
        other.overlay["mirror/metadata/timestamp.json"] = metadata
        pull_by_peers(child, Company((other.address,)))
    assert child.files(PACK) == FILES


@pytest.mark.parametrize(("status", "hold"), [(503, "peer"), (500, "")])
def test_of_other_nodes_that_are_busy_and_no_others_it_is_said_that_they_are_waited_for(
    tmp_path: Path, tiny: TinyRepository, status: int, hold: str
) -> None:
    child = enrolled(tmp_path, tiny, "child")
    with HttpRepository(tiny.directory) as server:
        server.fault = lambda asked: Answer(503) if "bundles/" in asked.path else None
        child.pull(server.url)
    with OtherNode(tmp_path / "other", []) as other:
        other.tell({PACK: Share(1)})
        wait = {"Retry-After": "3"} if status == 503 else {}
        other.fault = lambda asked: Answer(status, b"", wait) if "blobs/" in asked.path else None
        assert pull_by_peers(child, Company((other.address,))).hold == hold


def test_a_node_tells_others_who_it_is_and_what_it_has(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    node = enrolled(tmp_path, tiny, "first")
    with HttpRepository(tiny.directory) as server, giving(node) as address:
        pull(node, server, Company(("127.0.0.1:9",)))
        told = told_by(address)
    assert (told.hub, len(told.node), told.timestamp) == ("h", 16, 2)
    assert told.packs[PACK].items is None
    assert told.coming == {}
