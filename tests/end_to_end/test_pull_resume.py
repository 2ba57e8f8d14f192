"""Pulls that are killed, cut, damaged, overtaken: nothing verified is fetched twice."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import ExitCode
from core.manifest import encode_manifest
from sync import applier
from sync.context import SyncContext
from sync.directory_source import DirectorySource
from sync.events import ItemReady, Planned
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.patience import Timing
from sync.pull import run_pull
from sync.pull.staging import Staging
from sync.rate import RateCap
from sync.tls import unused
from tests.support.deadly_source import DeadlySource, KilledError
from tests.support.http_repository import PORTAL, Asked, Cut, Fault, Flip, HttpRepository
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, publish_files

STEP = 7000
PACK = "demo/county/fish"
LOST_PER_KILL = 256 * 1024


def course(seed: int = 1) -> dict[str, bytes]:
    """Give two videos and a page that compresses."""
    chance = random.Random(seed)
    return {
        "a.mp4": chance.randbytes(2_000_000),
        "b.html": b"".join(b"<p>%d</p>" % chance.randrange(10**9) for _ in range(60_000)),
        "c.mp4": chance.randbytes(500_000),
    }


def bundle_size(tiny: TinyRepository) -> int:
    """Give the size of the one bundle."""
    (bundle,) = tiny.directory.glob("bundles/*/*")
    return bundle.stat().st_size


@pytest.mark.parametrize("seed", range(4))
def test_kills_cost_at_most_a_checkpoint_each(tmp_path: Path, seed: int) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    chance = random.Random(seed)
    sent = kills = 0
    while True:
        source = DeadlySource(tiny.directory, chance.randrange(600_000), step=STEP)
        try:
            summary = node.pull_from(source)
        except KilledError:
            kills += 1
            continue
        finally:
            sent += source.sent
        break
    assert (summary.exit_code, node.files(PACK)) == (0, course())
    assert kills >= 3
    assert sent <= bundle_size(tiny) + kills * LOST_PER_KILL


def test_a_line_that_is_cut_again_and_again_brings_it_home_in_one_run(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    chance = random.Random(5)

    def fault(asked: Asked) -> Fault | None:
        return Cut(chance.randrange(50_000, 400_000)) if asked.start else None

    with HttpRepository(tiny.directory) as server:
        server.fault = fault
        summary = node.pull(server.url)
        assert len(server.requests) > 8
        # What was on its way when the line broke is sent again, and little more.
        assert server.sent("bundles/") < bundle_size(tiny) * 1.2
    assert (summary.exit_code, node.files(PACK)) == (0, course())
    # What a cut costs is a new connection, no wait.
    assert node.slept == []


def test_a_line_that_stays_down_ends_the_run_and_the_next_goes_on(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    with HttpRepository(tiny.directory) as server:
        server.fault = lambda asked: (
            Cut(0 if asked.start > 900_000 else 10**6) if asked.start else None
        )
        summary = node.pull(server.url)
        assert summary.exit_code == ExitCode.OFFLINE
        assert summary.problems[0].kind == "unavailable"
        before = server.sent("bundles/")
        server.fault = lambda _: PORTAL
        assert node.pull(server.url).exit_code == ExitCode.OFFLINE
        assert "login page" in node.problems()[-1]
        server.fault = lambda _: None
        assert node.pull(server.url).exit_code == 0
        assert server.sent("bundles/") - before < bundle_size(tiny) - 900_000
    assert node.files(PACK) == course()


def test_a_block_that_is_damaged_on_the_way_is_fetched_again(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    faults = [Flip(1_000_000), Flip(1_500_000)]
    with HttpRepository(tiny.directory) as server:
        server.fault = lambda asked: faults.pop() if asked.start and faults else None
        summary = node.pull(server.url)
    assert (summary.exit_code, node.problems(), faults) == (0, [], [])
    assert node.files(PACK) == course()


def test_a_block_that_stays_damaged_is_refused_and_costs_only_its_lesson(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    last = bundle_size(tiny) - 5
    with HttpRepository(tiny.directory) as server:
        server.fault = lambda asked: Flip(last) if asked.start else None
        summary = node.pull(server.url)
        assert summary.exit_code == ExitCode.REFUSED
        assert "bundles/" in node.problems()[0]
        assert sorted(node.files(PACK)) == ["a.mp4", "b.html"]
        server.requests.clear()
        server.fault = lambda _: None
        assert node.pull(server.url).exit_code == 0
        assert server.sent("bundles/") <= 500_000 + 10
    assert node.files(PACK) == course()


def test_bits_that_rot_in_staging_are_noticed(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    chance = random.Random(8)
    for number in range(6):
        node = make_node(tmp_path / f"node-{number}", tiny.root)
        with pytest.raises(KilledError):
            node.pull_from(DeadlySource(tiny.directory, 300_000 * (number + 1), step=STEP))
        for path in sorted(node.state.staging.rglob("*")):
            if path.is_file() and path.stat().st_size:
                data = bytearray(path.read_bytes())
                data[chance.randrange(len(data))] ^= 0x10
                path.write_bytes(data)
        assert node.pull_from(DirectorySource(tiny.directory)).exit_code == 0
        assert node.files(PACK) == course()


def test_a_newer_version_keeps_what_the_older_one_had_brought(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    with pytest.raises(KilledError):
        node.pull_from(DeadlySource(tiny.directory, 1_500_000, step=STEP))
    new = {**course(), "d.txt": b"new"}
    publish_files(tiny, PACK, new, 2)
    source = DeadlySource(tiny.directory, 10**9, step=STEP)
    assert node.pull_from(source).exit_code == 0
    assert node.files(PACK) == new
    assert source.sent < sum(map(len, new.values())) - 1_000_000


def changed(old: dict[str, bytes]) -> dict[str, bytes]:
    """Give the course with a small change in its page."""
    return {**old, "b.html": old["b.html"].replace(b"77", b"78")}


@pytest.mark.parametrize("damage", ["flipped", "shortened", "gone"])
def test_a_delta_without_sound_sources_gives_way_to_the_full_bundle(
    tmp_path: Path, damage: str
) -> None:
    tiny = TinyRepository(tmp_path)
    first = publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = DirectorySource(tiny.directory)
    assert node.pull_from(source).exit_code == 0
    new = changed(course())
    publish_files(tiny, PACK, new, 2, base=first)
    page = next(file.digest for file in first.files if file.path == "b.html")
    blob = node.state.blobs / page[:2] / page
    blob.chmod(0o644)
    if damage == "flipped":
        data = bytearray(blob.read_bytes())
        data[500] ^= 1
        blob.write_bytes(data)
    elif damage == "shortened":
        blob.write_bytes(blob.read_bytes()[:1000])
    else:
        blob.unlink()
    node.events.clear()
    assert node.pull_from(source).exit_code == 0, node.problems()
    assert node.files(PACK) == new


def test_a_damaged_old_manifest_does_not_stop_a_delta(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    first = publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = DirectorySource(tiny.directory)
    node.pull_from(source)
    publish_files(tiny, PACK, changed(course()), 2, base=first)
    for path in node.state.blobs.glob("*/*"):
        if path.read_bytes() == encode_manifest(first):
            path.chmod(0o644)
            path.write_bytes(b"x" * path.stat().st_size)
    assert node.pull_from(source).exit_code == 0, node.problems()
    assert node.files(PACK) == changed(course())


def test_no_room_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = DeadlySource(tiny.directory, 10**9, step=STEP)
    context = node.context(lambda: source)
    full = SyncContext(
        state=context.state,
        clock=context.clock,
        emit=context.emit,
        chance=context.chance,
        sleep=context.sleep,
        disk_floor=1 << 60,
        open_source=context.open_source,
    )
    summary = run_pull(full)
    assert summary.exit_code == ExitCode.EXHAUSTED
    assert "too little space" in node.problems()[0]
    assert source.sent < 1000


def test_lessons_become_ready_one_by_one_in_teaching_order(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    with pytest.raises(KilledError):
        node.pull_from(DeadlySource(tiny.directory, 2_300_000, step=STEP))
    ready = [one.item for one in node.events if isinstance(one, ItemReady)]
    assert ready == ["item-1"]
    assert node.files(PACK) == {"a.mp4": course()["a.mp4"]}


def test_a_blob_of_another_pack_is_not_fetched_again(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    source = DeadlySource(tiny.directory, 10**9, step=STEP)
    node.pull_from(source)
    publish_files(tiny, "demo/county/copy", {**course(), "x.txt": b"x"}, 1)
    source.sent = 0
    assert node.pull_from(source).exit_code == 0
    assert source.sent < 2000
    assert node.files("demo/county/copy") == {**course(), "x.txt": b"x"}


def test_the_plan_comes_true(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, course(), 1)
    node = make_node(tmp_path / "node", tiny.root)
    with HttpRepository(tiny.directory) as server:
        summary = node.pull(server.url)
    (planned,) = [one for one in node.events if isinstance(one, Planned)]
    assert planned.size == sum(map(len, course().values()))
    fetched = summary.packs[0].bundle_bytes
    # Index and manifest come before the plan can be made.
    assert planned.total < fetched < planned.total + 1500
    assert summary.traffic.received < fetched * 1.01 + 3000


def test_only_the_packs_of_this_node_are_taken(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, {"a": b"a"}, 1)
    publish_files(tiny, "demo/county/bird", {"b": b"b"}, 1)
    node: Node = make_node(tmp_path / "node", tiny.root)
    node.packs = ("demo/*/bird",)
    assert node.pull_from(DirectorySource(tiny.directory)).exit_code == 0
    assert node.versions() == {"demo/county/bird": 1}


def test_a_rate_cap_holds(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, {"a.mp4": random.Random(1).randbytes(300_000)}, 1)
    node = make_node(tmp_path / "node", tiny.root)

    now = [0.0]
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    with HttpRepository(tiny.directory) as server:
        timing = Timing(lambda: now[0], sleep, cap=RateCap(64_000, lambda: now[0]))
        summary = node.pull_from(HttpSource(HttpClient(server.url, unused(), timing)))
    assert summary.exit_code == 0
    assert 300_000 / 64_000 - 0.5 < sum(naps) < 300_000 / 64_000 + 0.5


def test_the_line_goes_on_while_blocks_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = TinyRepository(tmp_path)
    pages = {f"{n}.html": b"".join(b"<p>%d</p>" % (n * k) for k in range(9000)) for n in range(4)}
    publish_files(tiny, PACK, pages, 1)
    node = make_node(tmp_path / "node", tiny.root)
    began: list[int] = []
    last_came = threading.Event()
    decoded_before: list[bool] = []
    real_write = Staging.write

    def write(self: Staging, number: int, offset: int, data: bytes | memoryview) -> None:
        began.append(number)
        if number == len(pages):
            last_came.set()
        real_write(self, number, offset, data)

    def decode(*words: Any) -> Any:
        # The manifest's block comes alone.
        if began[-1]:
            decoded_before.append(last_came.wait(20))
        return applier.decode(*words)

    monkeypatch.setattr(Staging, "write", write)
    monkeypatch.setattr("sync.pull.staging.decode", decode)
    with HttpRepository(tiny.directory) as server:
        summary = node.pull(server.url)
    assert (summary.exit_code, node.files(PACK)) == (0, pages)
    assert decoded_before == [True] * len(pages)
