"""What is remembered of old files, and how little must be read for the next delta."""

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.digest import Digest
from core.errors import UsageError
from packager.build import Tools
from packager.delta import sources
from packager.delta.fingerprints import WINDOW, Hashes, Places, anchors, fingerprints, thinned
from packager.delta.room import Room
from packager.delta.sources import LARGE, Known, Source, find_old, samples_of
from packager.remembering import OldFiles
from tests.support.archives import prose, zip_of
from tests.support.packing import build as build_version
from tests.support.packing import bundle_bytes, decode, tools_in, write_tree

NOISE = random.Random(3).randbytes(LARGE + 100_000)
COURSE = zip_of({f"{number}.html": prose(number, 9000) for number in range(9)})


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return tools_in(tmp_path / "work")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gets an entry for each old file whose fingerprints are found."""
    names: list[str] = []
    find = sources._gathered  # noqa: SLF001 - what takes the time

    def told(found: Iterable[tuple[Hashes, Places]]) -> tuple[Hashes, Places]:
        names.append("one")
        return find(found)

    monkeypatch.setattr(sources, "_gathered", told)
    return names


def placed(tools: Tools, data: bytes) -> Source:
    digest = tools.workspace.put_blob(data)
    return Source(tools.workspace.blob(digest), len(data), digest)


def test_anchors_are_the_same_wherever_bytes_are() -> None:
    hashes, places = anchors(NOISE)
    assert len(NOISE) / 8000 < len(hashes) < len(NOISE) / 2000
    moved, at = anchors(b"a new head" + NOISE[1_000_000:])
    shared = places >= 1_000_000 + WINDOW
    assert np.array_equal(hashes[shared], moved[-np.count_nonzero(shared) :])
    assert np.array_equal(places[shared] - 1_000_000 + 10, at[-np.count_nonzero(shared) :])


def test_a_thinned_sample_is_the_thinner_sample() -> None:
    dense, thin = fingerprints(NOISE, 5), fingerprints(NOISE, 9)
    assert np.array_equal(thinned(*dense, 9)[1], thin[1])


@pytest.mark.parametrize(
    ("data", "is_far"),
    [(NOISE, True), (COURSE, False), (prose(1, 90_000) * 50, False)],
    ids=["video", "course", "text"],
)
def test_an_old_file_is_looked_at_once(
    tools: Tools, looked_at: list[str], data: bytes, is_far: bool
) -> None:
    old = placed(tools, data)
    for _ in range(2):
        # Each build has a memory of its own.
        memory = OldFiles(tools.workspace)
        found = find_old(old, memory)
        assert found
        assert found.is_far == is_far
        samples = samples_of(found, memory)
        assert samples
        assert len(samples[0]) == len(samples[1]) > 0
        assert samples[1].max() < found.text.size
    assert len(looked_at) == 1


def test_a_torn_record_counts_as_missing(tools: Tools, looked_at: list[str]) -> None:
    old = placed(tools, COURSE)
    found = find_old(old, OldFiles(tools.workspace))
    assert found
    samples_of(found, OldFiles(tools.workspace))
    (record,) = (tools.workspace.place / "fingerprints").iterdir()
    for damaged in (b"", record.read_bytes()[:-1], record.read_bytes()[:50] + b"\0" * 9):
        record.write_bytes(damaged)
        assert OldFiles(tools.workspace).get(old) is None
        samples_of(found, OldFiles(tools.workspace))
        assert OldFiles(tools.workspace).get(old) is not None
    assert len(looked_at) == 4


def test_what_was_written_to_meanwhile_is_not_remembered(tools: Tools) -> None:
    old = placed(tools, COURSE)
    memory = OldFiles(tools.workspace)
    found = find_old(old, memory)
    assert found
    old.place.chmod(0o644)
    old.place.write_bytes(COURSE)
    assert samples_of(found, memory)
    assert memory.get(old) is None


def test_what_is_remembered_is_bounded(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, looked_at: list[str]
) -> None:
    del looked_at
    monkeypatch.setattr("packager.remembering._MOST_BYTES", 100_000)
    memory = OldFiles(tools.workspace)
    for number in range(9):
        old = placed(tools, zip_of({"a.txt": prose(number, 90_000)}))
        memory.put(old, Known([*old.streams(None)], False, bytes(30_000), b""))
    kept = [one.stat().st_size for one in (tools.workspace.place / "fingerprints").iterdir()]
    assert len(kept) == 3
    assert sum(kept) <= 100_000


def test_a_delta_refers_to_a_video_under_another_name(tmp_path: Path, tools: Tools) -> None:
    write_tree(tmp_path / "c", {"a.mp4": NOISE, "b.html": b"<p>b</p>"})
    one = build_version(tmp_path / "c", tools, 1, [])
    held = decode(one, tools, 0, {})[1]
    new = {"z.mp4": NOISE[:2_000_000] + b"cut" + NOISE[2_500_000:], "b.html": b"<p>b</p>"}
    write_tree(tmp_path / "c", new)
    two = build_version(tmp_path / "c", tools, 2, [one.manifest])
    assert len(bundle_bytes(two, tools)[1]) < 2000
    assert decode(two, tools, 1, held)[0] == new


def test_what_is_remembered_of_a_file_that_is_damaged_is_not_referred_to(
    tmp_path: Path, tools: Tools
) -> None:
    files = {"a.mp4": NOISE, "b.zip": COURSE}
    write_tree(tmp_path / "c", files)
    one = build_version(tmp_path / "c", tools, 1, [])
    held = decode(one, tools, 0, {})[1]
    write_tree(tmp_path / "c", {name: b"new" + data for name, data in files.items()})
    build_version(tmp_path / "c", tools, 2, [one.manifest])
    assert len(list((tools.workspace.place / "fingerprints").iterdir())) == 2
    for file in one.manifest.files:
        blob = tools.workspace.blob(file.digest)
        blob.write_bytes(bytes(100) + blob.read_bytes()[100:])
    new = {name: data + b"newer" for name, data in files.items()}
    write_tree(tmp_path / "c", new)
    fresh = tools_in(tools.workspace.place)
    three = build_version(tmp_path / "c", fresh, 3, [one.manifest])
    assert decode(three, fresh, 1, held)[0] == new


def test_a_rebuild_reads_no_unchanged_video_to_find_its_digests(
    tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "c", {"a.mp4": NOISE, "b.html": b"<p>b</p>"})
    one = build_version(tmp_path / "c", tools, 1, [])
    new = {"a.mp4": NOISE, "b.html": b"<p>more</p>"}
    write_tree(tmp_path / "c", new)
    read = set()
    chunks = tools.workspace.chunks

    def told(digest: Digest, offset: int, length: int) -> Iterator[bytes]:
        read.add(digest)
        return chunks(digest, offset, length)

    monkeypatch.setattr(tools.workspace, "chunks", told)
    two = build_version(tmp_path / "c", tools, 2, [one.manifest])
    assert read == set()
    assert decode(two, tools, 0, {})[0] == new
    write_tree(tmp_path / "c", {"a.mp4": NOISE[::-1]})
    three = build_version(tmp_path / "c", tools, 3, [])
    assert read == {three.manifest.files[0].digest}


def _worked(seconds: float) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


def test_what_does_not_fit_into_memory_together_is_done_one_after_the_other() -> None:
    room, spans = Room(10), []
    with ThreadPoolExecutor(4) as pool:
        for memory in (6, 6, 50, 6):
            room.wait_for(memory)
            spans.append(pool.submit(_worked, 0.02))
            room.take(spans[-1], memory)
    for (_, ended), (began, _) in pairwise(one.result() for one in spans):
        assert began >= ended


def test_a_file_that_is_cut_short_meanwhile_does_not_end_the_process(tmp_path: Path) -> None:
    place = tmp_path / "a.pdf"
    place.write_bytes(b"%PDF-1.4\n" + bytes(300_000))
    code = (
        "import os, sys; from pathlib import Path; from packager.delta import sources;"
        " look = sources.streams_of; place = Path(sys.argv[1]); size = place.stat().st_size;"
        " sources.streams_of = lambda *given: (os.truncate(place, 9), look(*given))[1];"
        " sources.Source(place, size).streams(None)"
    )
    subprocess.run([sys.executable, "-c", code, str(place)], check=True)


def test_a_file_that_is_gone_meanwhile_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gone changed while it was being read"):
        Source(tmp_path / "gone", 9).read(0, 9)


def test_fingerprints_that_are_kept_are_the_same_with_every_library() -> None:
    text = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2000))
    hashes, places = fingerprints(text, 5)
    told = hashes.astype("<u8").tobytes() + places.astype("<i8").tobytes()
    assert (
        hashlib.sha256(told).hexdigest()
        == "689257da1f2f1362324675827d76c1d2c7dd64d29ebb0e333e9ad91f7844622a"
    )
