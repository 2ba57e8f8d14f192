import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.bundle.codecs import STORED
from core.bundle.index import MAX_BLOCK_BYTES, Index
from core.digest import digest_of
from core.errors import UsageError
from packager import delta_bundler, resolving
from packager.build import Build, Tools
from packager.delta.making import make_blocks
from packager.delta.planning import MadeBlock
from packager.scan import scan
from packager.workspace import SeenFile
from tests.support.packing import build, bundle_bytes, decode, tools_in, write_tree
from tests.unit.packager.conftest import fill

NOISE = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return tools_in(tmp_path / "work")


def index_of(made: Build, tools: Tools, base: int = 0) -> Index:
    bundle = next(b for b in [*made.bundles, *made.dropped] if b.link.base == base)
    return resolving.index_of(made, bundle, tools.workspace)


def test_a_lesson_can_be_fetched_without_the_others(tmp_path: Path, tools: Tools) -> None:
    videos = {f"{n}.mp4": NOISE[n:1_500_000] for n in range(3)}
    sites = {f"s{n}/index.html": b"<p>%d</p>" % n * 50_000 for n in range(3)}
    write_tree(tmp_path / "c", {**videos, **sites})
    made = build(tmp_path / "c", tools, 1, [])
    index = index_of(made, tools)
    manifest = made.manifest
    for item in manifest.items:
        mine = {file.digest for file in manifest.files_of(item)}
        for block in index.blocks[1:]:
            made_here = {index.outputs[output].digest for output, _, _ in block.outputs}
            assert made_here <= mine or not made_here & mine


def test_small_files_share_blocks_and_stored_ones_have_one_slice(
    tmp_path: Path, tools: Tools
) -> None:
    files = {f"{n}.txt": b"text %d " % n * 100 for n in range(200)}
    files |= {f"{n}.jpg": NOISE[n * 100_000 :][:90_000] for n in range(5)}
    write_tree(tmp_path / "c", files)
    made = build(tmp_path / "c", tools, 1, [])
    blocks = index_of(made, tools).blocks
    assert len(blocks) == 1 + 1 + 5
    assert [len(block.outputs) for block in blocks if block.codec == STORED] == [1] * 5


@pytest.mark.parametrize(
    ("limit", "most"),
    [("MAX_BLOCKS", 7), ("MAX_OUTPUTS", 10), ("MAX_ENTRIES", 29), ("MAX_INDEX_BYTES", 800)],
)
def test_a_pack_of_more_than_a_bundle_can_hold_is_refused_before_the_work(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    # With the manifest 11 outputs, of as many slices, in 8 blocks.
    files = {f"{n}.jpg": NOISE[n * 100_000 :][:90_000] for n in range(6)}
    files |= {f"{n}.txt": b"text %d" % n * 100 for n in range(4)}
    write_tree(tmp_path / "c", files)
    monkeypatch.setattr(f"core.bundle.index.{limit}", most)
    with pytest.raises(UsageError, match="too large for one bundle") as caught:
        build(tmp_path / "c", tools, 1, [])
    assert caught.value.hint == "Divide the pack into several ones."
    assert not tools.workspace.staging("payloads").exists()


def test_a_file_larger_than_a_block_is_cut(tmp_path: Path, tools: Tools) -> None:
    big = b"01234567" * (MAX_BLOCK_BYTES // 4)
    write_tree(tmp_path / "c", {"big.txt": big})
    made = build(tmp_path / "c", tools, 1, [])
    assert [block.size for block in index_of(made, tools).blocks[1:]] == [
        MAX_BLOCK_BYTES,
        MAX_BLOCK_BYTES,
    ]
    assert decode(made, tools, 0, {})[0] == {"big.txt": big}


def test_a_delta_costs_about_the_change(tmp_path: Path, tools: Tools) -> None:
    files = {"a.mp4": NOISE, "b.html": b"<p>fish</p>" * 10_000, "c.txt": b"c" * 1000}
    write_tree(tmp_path / "c", files)
    one = build(tmp_path / "c", tools, 1, [])
    new = {
        "a.mp4": NOISE[:1_000_000] + b"cut in" + NOISE[1_000_000:],
        "moved/b.html": files["b.html"],
        "c.txt": b"c" * 1001,
        "d.txt": b"new",
    }
    write_tree(tmp_path / "c", new)
    two = build(tmp_path / "c", tools, 2, [one.manifest])
    assert len(bundle_bytes(two, tools)[1]) < 2000
    held = decode(one, tools, 0, {})[1]
    assert decode(two, tools, 1, held)[0] == new


def test_a_rename_costs_no_content(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.mp4": NOISE})
    one = build(tmp_path / "c", tools, 1, [])
    write_tree(tmp_path / "c", {"b.mp4": NOISE})
    two = build(tmp_path / "c", tools, 2, [one.manifest])
    assert index_of(two, tools, 1).blocks == []


def test_a_delta_that_saves_nothing_is_dropped(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.mp4": NOISE[:100_000]})
    one = build(tmp_path / "c", tools, 1, [])
    write_tree(tmp_path / "c", {"z.mp4": NOISE[100_000:2_000_000]})
    two = build(tmp_path / "c", tools, 2, [one.manifest])
    small = [bundle.link.base for bundle in two.bundles]
    for bundle in two.dropped:
        assert bundle.link.length >= bundle.alternative
    assert small[0] == 0
    assert {*small, *(bundle.link.base for bundle in two.dropped)} == {0, 1}


def test_a_second_run_makes_nothing_again(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.mp4": NOISE, "b.txt": b"b" * 5000})
    one = build(tmp_path / "c", tools, 1, [])
    bundle = tools.workspace.bundle(one.bundles[0].link.index)
    before = bundle.stat()
    assert build(tmp_path / "c", tools, 1, []).bundles[0].link == one.bundles[0].link
    assert bundle.stat().st_ino == before.st_ino


def test_unchanged_blocks_of_the_last_full_bundle_are_taken_over(
    tmp_path: Path, tools: Tools
) -> None:
    files = {"s/index.html": b"<p>s</p>" * 200_000, "t/index.html": b"<p>t</p>" * 200_000}
    write_tree(tmp_path / "c", files)
    one = build(tmp_path / "c", tools, 1, [])
    files["t/index.html"] += b"!"
    write_tree(tmp_path / "c", files)
    two = build(tmp_path / "c", tools, 2, [])
    digests = [{block.digest for block in index_of(b, tools).blocks} for b in (one, two)]
    assert digests[0] & digests[1]
    assert decode(two, tools, 0, {})[0] == files


def test_a_damaged_payload_is_not_taken_over(tmp_path: Path, tools: Tools) -> None:
    files = {"s/index.html": b"<p>s</p>" * 200_000}
    write_tree(tmp_path / "c", files)
    one = build(tmp_path / "c", tools, 1, [])
    bundle = tools.workspace.bundle(one.bundles[0].link.index)
    bundle.write_bytes(bundle.read_bytes()[:-5] + b"wrong")
    write_tree(tmp_path / "c", {**files, "new.txt": b"new"})
    two = build(tmp_path / "c", tools, 2, [])
    assert decode(two, tools, 0, {})[0] == {**files, "new.txt": b"new"}


def test_unchanged_files_are_not_read_again(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.txt": b"aaaa", "b.txt": b"bbbb"})
    for path in (tmp_path / "c").glob("*.txt"):
        os.utime(path, (0, 0))
    build(tmp_path / "c", tools, 1, [])
    seen = tools.workspace.seen_files()
    swapped = SeenFile(seen["a.txt"].signature, seen["b.txt"].digest)
    # Were a.txt read again, its own digest would come back.
    tools.workspace.put_seen_files({**seen, "a.txt": swapped})
    two = build(tmp_path / "c", tools, 1, [])
    assert len({file.digest for file in two.manifest.files}) == 1


def test_a_lost_old_file_only_makes_the_delta_larger(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.txt": NOISE[:5000], "b.txt": b"b"})
    one = build(tmp_path / "c", tools, 1, [])
    held = decode(one, tools, 0, {})[1]
    blob = tools.workspace.blob(one.manifest.files[0].digest)
    blob.write_bytes(bytes(5000))
    new = {"a.txt": NOISE[:5000] + b"!", "b.txt": b"b"}
    write_tree(tmp_path / "c", new)
    fresh = tools_in(tools.workspace.place)
    two = build(tmp_path / "c", fresh, 2, [one.manifest])
    assert decode(two, fresh, 1, held)[0] == new
    assert not blob.exists()


@pytest.mark.parametrize("when", ["Reading the folder", "Full bundle"])
def test_a_file_that_changes_meanwhile_is_named(tmp_path: Path, tools: Tools, when: str) -> None:
    folder = tmp_path / "c"
    write_tree(folder, {"a.txt": b"a" * 100, "b.txt": b"b" * 100})

    @contextmanager
    def meddling(label: str, total: int) -> Iterator[Callable[[int], None]]:
        del total
        if label == when:
            (folder / "b.txt").write_bytes(b"c" * 100)
        yield lambda _: None

    meddled = Tools(tools.workspace, meddling, tools.levels, 3)
    with pytest.raises(UsageError, match=r"b\.txt changed while it was being read"):
        build(folder, meddled, 1, [])
    assert not tools.workspace.versions()


@pytest.fixture(params=["copied", "linked"])
def large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything counts as large; with little space it is linked into the workspace."""
    monkeypatch.setattr("packager.reading.LARGE", 0)
    monkeypatch.setattr("packager.ingest.LARGE", 0)
    if request.param == "linked":
        monkeypatch.setattr("packager.ingest._SPARE", 1 << 60)
    return str(request.param)


def test_a_large_file_is_copied_or_linked_and_changed_when_it_is_replaced(
    tmp_path: Path, tools: Tools, large: str
) -> None:
    files = {"a.mp4": NOISE[:200_000]}
    write_tree(tmp_path / "c", files)
    one = build(tmp_path / "c", tools, 1, [])
    assert decode(one, tools, 0, {})[0] == files
    blob = tools.workspace.blob(one.manifest.files[0].digest)
    assert blob.samefile(tmp_path / "c" / "a.mp4") == (large == "linked")
    new = {"a.mp4": NOISE[1:200_001]}
    write_tree(tmp_path / "c", new)
    two = build(tmp_path / "c", tools, 2, [one.manifest])
    assert decode(two, tools, 0, {})[0] == new


@pytest.mark.parametrize("large", ["copied"], indirect=True)
@pytest.mark.usefixtures("large")
def test_a_large_file_that_was_changed_in_place_under_its_old_time_is_read_again(
    tmp_path: Path, tools: Tools
) -> None:
    file = tmp_path / "c" / "a.mp4"
    write_tree(tmp_path / "c", {"a.mp4": NOISE[:200_000]})
    os.utime(file, (0, 0))
    one = build(tmp_path / "c", tools, 1, [])
    with file.open("r+b") as opened:
        opened.write(b"other")
    os.utime(file, (0, 0))
    two = build(tmp_path / "c", tools, 2, [])
    assert one.manifest.files[0].digest != two.manifest.files[0].digest


def test_an_item_names_what_it_needs(tmp_path: Path) -> None:
    folder = fill(tmp_path, {"s/index.html": "<title>Seen</title>", "s/x.js": "12345"})
    found = scan(folder)
    assert [(item.id, item.title) for item in found.items] == [("s", {"en": "Seen"})]
    assert found.item_sizes() == [len("<title>Seen</title>") + 5]


def test_a_damaged_blob_is_named_and_the_next_run_heals_it(tmp_path: Path, tools: Tools) -> None:
    files = {"a.mp4": NOISE[:200_000], "b.txt": b"b"}
    write_tree(tmp_path / "c", files)
    os.utime(tmp_path / "c" / "a.mp4", (0, 0))
    one = build(tmp_path / "c", tools, 1, [])
    tools.workspace.blob(one.manifest.files[0].digest).write_bytes(bytes(200_000))
    (tmp_path / "c" / "b.txt").write_bytes(b"new")
    with pytest.raises(UsageError, match=r"a\.mp4 changed while the pack was built"):
        build(tmp_path / "c", tools, 2, [])
    two = build(tmp_path / "c", tools, 2, [])
    assert decode(two, tools, 0, {})[0] == {**files, "b.txt": b"new"}


@pytest.mark.parametrize("which", [0, 1])
def test_a_damaged_blob_is_named_whichever_of_its_blocks_is_made_again(
    tmp_path: Path, tools: Tools, which: int
) -> None:
    """Of two blocks one is taken over as it is, so nothing else reads the blob from end to end."""
    large = b"lines of a text\n" * (MAX_BLOCK_BYTES // 16 + 1000)
    write_tree(tmp_path / "c", {"large.txt": large, "b.txt": b"b"})
    os.utime(tmp_path / "c" / "large.txt", (0, 0))
    one = build(tmp_path / "c", tools, 1, [])
    index = index_of(one, tools)
    of_large = [
        n
        for n, block in enumerate(index.blocks)
        if index.outputs[block.outputs[0][0]].size == len(large)
    ]
    assert len(of_large) == 2
    bundle = tools.workspace.bundle(one.bundles[0].link.index)
    place = index.offsets(one.bundles[0].link.index_length)[of_large[which]]
    overwrite(bundle, place)
    # A moment ago it was whole.
    assert tools.workspace.holds(digest_of(large))
    overwrite(tools.workspace.blob(digest_of(large)), which * MAX_BLOCK_BYTES)
    (tmp_path / "c" / "b.txt").write_bytes(b"new")
    with pytest.raises(UsageError, match=r"large\.txt changed while the pack was built"):
        build(tmp_path / "c", tools, 2, [])


def overwrite(file: Path, place: int) -> None:
    """Change some bytes of a file, read-only or not."""
    file.chmod(0o644)
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(b"wrong")


def test_content_that_was_damaged_since_makes_no_delta(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.html": b"<p>fish</p>" * 500})
    one = build(tmp_path / "c", tools, 1, [])
    new = b"<p>fish and more</p>" * 500
    write_tree(tmp_path / "c", {"a.html": new})
    # The full bundle is whole, and found again.
    build(tmp_path / "c", tools, 2, [])
    blob = tools.workspace.blob(digest_of(new))
    blob.chmod(0o644)
    blob.write_bytes(new[:-1] + b"!")
    with pytest.raises(UsageError, match="changed while the pack was built"):
        build(tmp_path / "c", tools, 2, [one.manifest])


OLD = b"<p>fish</p>" * 500
NEW = b"<p>more</p>" + OLD


@pytest.mark.parametrize("is_put_back", [True, False], ids=["put back", "left"])
@pytest.mark.parametrize("written", [OLD, NEW], ids=["referred to", "made"])
def test_content_that_is_written_to_while_a_delta_is_made_is_named(
    tmp_path: Path,
    tools: Tools,
    monkeypatch: pytest.MonkeyPatch,
    written: bytes,
    *,
    is_put_back: bool,
) -> None:
    write_tree(tmp_path / "c", {"a.html": OLD, "b.txt": b"b"})
    one = build(tmp_path / "c", tools, 1, [])
    held = decode(one, tools, 0, {})[1]
    new = {"a.html": NEW, "b.txt": b"b"}
    write_tree(tmp_path / "c", new)
    blob = tools.workspace.blob(digest_of(written))

    def meddled(*given: Any) -> Iterator[tuple[int, MadeBlock]]:
        # Verified by now, they are read again only in part.
        assert tools.workspace.holds(digest_of(written))
        overwrite(blob, 100)
        yield from make_blocks(*given)
        if is_put_back:
            blob.write_bytes(written)

    monkeypatch.setattr(delta_bundler, "make_blocks", meddled)
    with pytest.raises(UsageError, match=r"a\.html changed while the pack was built"):
        build(tmp_path / "c", tools, 2, [one.manifest])
    assert [record.link.base for record in tools.workspace.all_built()] == [0, 0]
    monkeypatch.undo()
    two = build(tmp_path / "c", tools_in(tools.workspace.place), 2, [one.manifest])
    assert decode(two, tools, 1, held)[0] == new
