"""What a portal gives to other nodes: what is verified and not withdrawn, raw, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cache.agent_db import AgentDatabase
from cache.blobs import BlobStore
from cache.clock import Clock
from cache.state import StateDirectory
from core.assignment import Rule
from core.digest import Digest, digest_of
from core.peers import (
    FACT,
    Announcement,
    Coming,
    PeerList,
    Share,
    decode_list,
    encode_announcement,
)
from core.withdrawal import Withdrawal
from edge_client.portal.sharing import MOST_BLOBS, Sharing
from tests.support.course import PACK
from tests.support.http_repository import HttpRepository
from tests.support.node_state import make_node
from tests.support.nodes import opened
from tests.support.portal import School, serving
from tests.support.publishing import publish_assignment
from tests.support.tiny_repository import TinyRepository, publish_files

VIDEO = "01 认识分数.mp4"
LATER = "06-later.mp4"


async def list_of(school: School) -> PeerList:
    answer = await school.client.get("/mirror/list")
    assert answer.status_code == 200
    return decode_list(answer.content)


async def test_the_list_names_whole_lessons_of_a_pack_that_is_not_whole(school: School) -> None:
    found = await list_of(school)
    assert found.packs == {PACK: Share(1, ["video", "picture", "sheet", "page", "exercise"])}
    assert found.coming == {}


async def test_of_a_whole_pack_no_lesson_is_named(school: School) -> None:
    BlobStore(school.state.blobs).add(b"not here yet" * 1000)
    with opened(school.state) as catalogue:
        catalogue.blobs_arrived([school.digests[LATER]])
    assert (await list_of(school)).packs == {PACK: Share(1)}


async def test_what_comes_is_told_with_the_time_that_is_left(school: School) -> None:
    clock = Clock()
    said = Announcement(
        node="a1", hub="b2", at=clock.monotonic() - 100, boot=clock.boot_id(),
        coming={"gd/-/one": Coming(2, 400.0, begun=True), "gd/-/given-up": Coming(1, 0.0)},
    )  # fmt: skip
    said = msgspec.structs.replace(
        said, at=clock.monotonic() - 1000, coming={**said.coming, "gd/-/two": Coming(3, 1600.0)}
    )
    with closing(AgentDatabase(school.state)) as agent:
        agent.remember(FACT, encode_announcement(said))
    found = await list_of(school)
    assert (found.node, found.hub) == ("a1", "b2")
    assert set(found.coming) == {"gd/-/one", "gd/-/two"}
    assert found.coming["gd/-/one"] == Coming(2, 0.0, begun=True)
    assert 590 < found.coming["gd/-/two"].seconds <= 600


async def test_what_was_announced_before_the_machine_started_is_not_told(school: School) -> None:
    with closing(AgentDatabase(school.state)) as agent:
        said = Announcement(node="a1", boot="another", coming={"gd/-/one": Coming(2, 1e6)})
        agent.remember(FACT, encode_announcement(said))
    found = await list_of(school)
    assert (found.node, found.coming) == ("a1", {})


async def test_a_blob_comes_whole_or_in_part_and_no_browser_shows_it(
    school: School, video: bytes
) -> None:
    path = f"/mirror/blobs/{school.digests[VIDEO]}"
    answer = await school.client.get(path)
    assert (answer.status_code, answer.content) == (200, video)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = await school.client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, video[10:20])


async def test_neither_cookies_are_set_nor_changes_taken(school: School) -> None:
    answer = await school.client.get("/mirror/list")
    assert "Set-Cookie" not in answer.headers
    for method in ("POST", "PUT", "DELETE"):
        refused = await school.client.request(method, "/mirror/list")
        assert refused.status_code == 405
        assert refused.headers["Content-Type"].startswith("application/json")


async def test_a_blob_that_only_a_withdrawn_lesson_needs_is_not_given(school: School) -> None:
    path = f"/mirror/blobs/{school.digests[VIDEO]}"
    with opened(school.state) as catalogue:
        withdrawal = Withdrawal(item="video", version=0, reason="a slip", at="2026-11-22")
        catalogue.withdraw(PACK, [withdrawal])
    assert (await school.client.get(path)).status_code == 404
    assert "video" not in ((await list_of(school)).packs[PACK].items or [])
    sheet = school.digests["03-sheet.pdf"]
    assert (await school.client.get(f"/mirror/blobs/{sheet}")).status_code == 200


async def test_manifests_are_given_and_other_files_are_not(school: School) -> None:
    with opened(school.state) as catalogue:
        manifest = Digest(next(iter(catalogue.manifests())))
    assert (await school.client.get(f"/mirror/blobs/{manifest}")).status_code == 200
    unnamed = BlobStore(school.state.blobs).add(b"in no catalogue")
    for path in (
        f"blobs/{unnamed}", f"blobs/{school.digests[LATER]}", f"blobs/{'a' * 64}",
        "blobs/../../journal.db", "metadata/..%2f..%2fjournal.db", "metadata/1.root.json",
        "metadata/1...%2fx.json", "targets/gd/-/" + "a" * 64 + ".x", "nothing", "",
    ):  # fmt: skip
        answer = await school.client.get(f"/mirror/{path}")
        assert answer.status_code == 404, path


async def test_only_some_blobs_are_given_at_once(school: School, video: bytes) -> None:
    path = f"/mirror/blobs/{school.digests[VIDEO]}"
    for _ in range(MOST_BLOBS):
        assert school.site.sharing.begin()
    answer = await school.client.get(path)
    assert (answer.status_code, answer.content) == (503, b"")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    school.site.sharing.end()
    answers = await asyncio.gather(*(school.client.get(path) for _ in range(3)))
    assert {one.content for one in answers if one.status_code == 200} == {video}
    assert (await school.client.get(path)).status_code == 200


async def test_a_list_names_only_so_many_lessons(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.catalogue_sharing.MOST_ITEMS", 2)
    assert (await list_of(school)).packs == {PACK: Share(1, ["video", "picture"])}


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path)
    publish_files(made, "demo/county/fish", {"1.txt": b"a fish"}, 1)
    publish_assignment(made, {}, [Rule("*", "demo/*")])
    return made


@pytest.fixture
def pulled(tmp_path: Path, tiny: TinyRepository) -> StateDirectory:
    node = make_node(tmp_path / "state", tiny.root)
    with HttpRepository(tiny.directory) as server:
        assert node.pull(server.url).exit_code == 0
    return node.state


@pytest.fixture
async def node(pulled: StateDirectory) -> AsyncIterator[School]:
    async with serving(pulled, {}) as running:
        yield running


async def test_all_that_a_node_verifies_comes_byte_by_byte(
    node: School, tiny: TinyRepository
) -> None:
    files = [
        path.relative_to(tiny.directory).as_posix()
        for path in tiny.directory.rglob("*")
        if path.is_file() and path.parts[-2] != "incoming" and "bundles" not in path.parts
    ]
    newest = json.loads((tiny.directory / "metadata/timestamp.json").read_bytes())["signed"]
    snapshot = f"{newest['meta']['snapshot.json']['version']}.snapshot.json"
    given = []
    for name in files:
        answer = await node.client.get(f"/mirror/{name}")
        if answer.status_code == 200:
            assert answer.content == (tiny.directory / name).read_bytes()
            given.append(name)
    expected = {"metadata/timestamp.json", f"metadata/{snapshot}", "metadata/1.root.json"}
    assert expected < set(given)
    targets = [one.rpartition(".")[2] for one in given if one.startswith("targets/")]
    assert sorted(targets) == ["@assignment", "fish"]
    assert "tip" not in given


async def test_a_release_that_is_damaged_here_is_not_given(node: School) -> None:
    release = next((node.state.trust / "current" / "releases").iterdir())
    release.write_bytes(b"something else")
    answer = await node.client.get(f"/mirror/targets/demo/county/{release.name}.fish")
    assert answer.status_code == 404


async def test_a_node_that_was_never_online_gives_an_empty_list(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "empty")
    state.create()
    sharing = Sharing(state, Clock())
    assert decode_list(await sharing.list()) == PeerList()
    assert await sharing.metadata("timestamp", None) is None
    assert await sharing.blob(digest_of(b"x")) is None
    sharing.close()
