"""A node pulls from a real web server: first version, delta, nothing new."""

import random
from pathlib import Path

from sync.events import Done, ItemReady, PackReady
from tests.support.http_repository import HttpRepository
from tests.support.node_state import make_node
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"


def course(seed: int = 1) -> dict[str, bytes]:
    """Give three lessons: one incompressible, one text, one empty."""
    chance = random.Random(seed)
    return {
        "a/video.mp4": chance.randbytes(400_000),
        "b/page.html": b"".join(b"<p>%d</p>" % n for n in range(9000)),
        "c/empty.txt": b"",
    }


def test_first_pull_brings_every_item(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    with HttpRepository(tiny.directory) as server:
        summary = node.pull(server.url)
    assert (summary.exit_code, node.problems()) == (0, [])
    assert node.files(PACK) == course()
    assert [one.item for one in node.events if isinstance(one, ItemReady)] != []
    assert isinstance(node.events[-1], Done)
    assert any(isinstance(one, PackReady) for one in node.events)
    assert list(node.state.staging.iterdir()) == []
    assert summary.traffic.received > 400_000
    assert summary.packs[0].complete


def test_a_changed_version_comes_as_delta_and_old_blobs_go(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    old = course()
    first = publish_files(tiny, PACK, old, 1)
    node = make_node(tmp_path / "node", tiny.root)
    new = {**old, "b/page.html": old["b/page.html"].replace(b"<p>77</p>", b"<p>new</p>")}
    with HttpRepository(tiny.directory) as server:
        node.pull(server.url)
        publish_files(tiny, PACK, new, 2, base=first)
        server.requests.clear()
        summary = node.pull(server.url)
        assert server.sent("bundles/") < 8000
    assert summary.exit_code == 0
    assert summary.packs[0].base == 1
    assert node.files(PACK) == new
    assert node.versions() == {PACK: 2}
    # Four files' blobs and one manifest; the old page and manifest are gone.
    assert len(list(node.state.blobs.glob("*/*"))) == 4


def test_a_poll_with_nothing_new_is_small_and_changes_nothing(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    with HttpRepository(tiny.directory) as server:
        node.pull(server.url)
        # The first question against the snapshot that is kept has an answer.
        node.pull(server.url)
        assert server.requests[-1].path == "tips/2.zst"
        before = (node.state.trust / "current").resolve()
        server.requests.clear()
        summary = node.pull(server.url)
        assert [(one.path, one.status) for one in server.requests] == [("tips/2.zst", 304)]
    assert (summary.exit_code, summary.reached, summary.changed) == (0, True, False)
    assert summary.traffic.received + summary.traffic.sent < 400
    assert (node.state.trust / "current").resolve() == before
