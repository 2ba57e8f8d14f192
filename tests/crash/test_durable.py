"""Power cuts and kills at every operation of the cache: nothing lost, nothing half-done."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cache import failpoints
from cache.blobs import BlobStore
from cache.journal import Journal
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import ExhaustedError
from tests.support.cache_story import BATCHES, PER_BATCH, VERSIONS, broken_promises, run
from tests.support.clock import START
from tests.support.power_cut import Loss, Recording, record

ROOT = Path(__file__).parents[2]
STORY = [sys.executable, "-m", "tests.support.cache_story"]
LOSSES = (Loss.EVERYTHING, Loss.DATA, Loss.NAMES, Loss.NOTHING, Loss.MIXED)
HEADER = """
import sys
from pathlib import Path
from cache import durable
root = Path(sys.argv[1])
"""
STATEMENTS = len(VERSIONS) * BATCHES * PER_BATCH


@pytest.fixture(autouse=True)
def _no_failpoint() -> Iterator[None]:
    yield
    failpoints.hook = None


def python(code: str, state: Path) -> Recording:
    recording = record([sys.executable, "-c", HEADER + code, state], state, cwd=ROOT)
    assert recording.returncode == 0, recording.output
    return recording


def cuts(recording: Recording, tmp_path: Path, count: int = 100) -> Iterator[tuple[int, Path]]:
    """Give up to ``count`` points with the directory after a cut, for each kind of loss."""
    for loss in LOSSES:
        for point in recording.spread(count):
            into = tmp_path / f"{loss.value}-{point}"
            recording.materialise(point, into, loss=loss, seed=point)
            yield point, into


def test_write_file_leaves_the_old_or_the_new_and_keeps_its_promise(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    code = """
for n in range(3):
    durable.write_file(root / "file", b"%d" % n * 5000); print("wrote", n, flush=True)
"""
    recording = python(code, state)
    promises = {n: recording.said(b"wrote %d" % n) for n in range(3)}
    for point, disk in cuts(recording, tmp_path):
        promised = max((n for n in promises if promises[n] <= point), default=None)
        file = disk / "file"
        if promised is None and not file.exists():
            continue
        assert file.read_bytes() in {b"%d" % n * 5000 for n in range(promised or 0, 3)}


def test_swap_symlink_points_to_a_whole_directory(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    code = """
for n in "12":
    (root / n / "sub").mkdir(parents=True)
    (root / n / "sub" / "a").write_bytes(n.encode() * 3000)
    (root / n / "b").write_bytes(n.encode())
    durable.swap_symlink(root / "current", root / n); print("swapped", n, flush=True)
"""
    recording = python(code, state)
    first, second = recording.said(b"swapped 1"), recording.said(b"swapped 2")
    for point, disk in cuts(recording, tmp_path):
        current = disk / "current"
        if not current.is_symlink():
            assert point < first
            continue
        number = current.readlink().name
        assert number == "2" or point < second
        assert (current / "sub" / "a").read_bytes() == number.encode() * 3000
        assert (current / "b").read_bytes() == number.encode()


def test_an_adopted_blob_is_whole_or_not_there(tmp_path: Path) -> None:
    state = tmp_path / "state"
    code = """
from cache.state import StateDirectory; from cache.blobs import BlobStore
from core.digest import digest_of
state = StateDirectory(root); state.create()
(state.staging / "part").write_bytes(b"lesson" * 1000)
BlobStore(state.blobs).adopt(state.staging / "part", digest_of(b"lesson" * 1000))
print("adopted", flush=True)
"""
    recording = python(code, state)
    promised = recording.said(b"adopted")
    digest = digest_of(b"lesson" * 1000)
    for point, disk in cuts(recording, tmp_path):
        blobs = BlobStore(disk / "blobs")
        assert blobs.has(digest) or point < promised
        if blobs.has(digest):
            assert blobs.verify(digest).value == "whole"


def test_a_checkpoint_keeps_what_was_written_before_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    code = """
with durable.open_staging(root / "part") as file:
    for n in range(4):
        file.write(b"%d" % n * 1000); durable.checkpoint(file, root / "part")
        print("at", n, flush=True)
"""
    recording = python(code, state)
    promises = [recording.said(b"at %d" % n) for n in range(4)]
    for point, disk in cuts(recording, tmp_path):
        kept = sum(promise <= point for promise in promises)
        data = (disk / "part").read_bytes() if (disk / "part").exists() else b""
        assert data.startswith(b"".join(b"%d" % n * 1000 for n in range(kept)))


def record_story(tmp_path: Path) -> Recording:
    recording = record([*STORY, tmp_path / "state", "epoch001"], tmp_path / "state", cwd=ROOT)
    assert recording.returncode == 0, recording.output
    return recording


def heard(recording: Recording, point: int) -> list[str]:
    said = b"".join(data for at, data in recording.sayings() if at <= point)
    return said.decode().split("\n")[:-1]


def cut_and_go_on(
    recording: Recording, tmp_path: Path, point: int, loss: Loss, seed: int = 0
) -> None:
    disk = tmp_path / f"{loss.value}-{point}"
    recording.materialise(point, disk, loss=loss, seed=seed)
    state = StateDirectory(disk)
    context = f"after {point} operations, losing {loss.value}"
    assert broken_promises(state, heard(recording, point)) == [], context
    said: list[str] = []
    run(state, b"epoch002", said.append)
    assert broken_promises(state, said) == [], context
    assert not list(state.blobs.rglob(".tmp-*"))


def test_the_node_keeps_its_promises_over_power_cuts(tmp_path: Path) -> None:
    recording = record_story(tmp_path)
    assert heard(recording, recording.points())[-1] == f"durable {STATEMENTS}"
    for number, point in enumerate(recording.spread(25)):
        cut_and_go_on(recording, tmp_path, point, LOSSES[number % len(LOSSES)], number)


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_the_node_keeps_its_promises_over_a_power_cut_at_every_operation(tmp_path: Path) -> None:
    recording = record_story(tmp_path)
    for loss in LOSSES:
        for point in recording.spread(200):
            cut_and_go_on(recording, tmp_path, point, loss, point)


def test_a_journal_that_does_not_sync_is_caught(tmp_path: Path) -> None:
    code = """
from cache import journal
opened = journal.open_writer
def careless(path, migrations):
    connection = opened(path, migrations); connection.execute("PRAGMA synchronous=OFF")
    return connection
journal.open_writer = careless
from cache.state import StateDirectory; from tests.support.cache_story import run
run(StateDirectory(root), b"epoch001", lambda line: print(line, flush=True))
"""
    recording = python(code, tmp_path / "state")
    point = recording.said(b"durable 4")
    recording.materialise(point, tmp_path / "disk")
    found = broken_promises(StateDirectory(tmp_path / "disk"), heard(recording, point))
    assert any("is gone" in one for one in found)


def test_a_second_cut_during_recovery_loses_nothing_either(tmp_path: Path) -> None:
    recording = record_story(tmp_path)
    point = recording.said(b"durable 8")
    recording.materialise(point, tmp_path / "disk", loss=Loss.DATA)
    again = record([*STORY, tmp_path / "disk", "epoch002"], tmp_path / "disk", cwd=ROOT)
    assert again.returncode == 0, again.output
    for number, later in enumerate(again.spread(15)):
        disk = tmp_path / f"again-{later}"
        again.materialise(later, disk, loss=LOSSES[number % len(LOSSES)], seed=later)
        said = [*heard(recording, point), *heard(again, later)]
        assert broken_promises(StateDirectory(disk), said) == []


def test_a_salvage_may_be_cut_anywhere(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state")
    state.create()
    records = {b"statement %d" % number for number in range(40)}
    with closing(Journal(state, fresh_epoch=b"epoch001", at=START, acknowledged={})) as journal:
        journal.append(sorted(records), at=START)
    path = state.journal.resolve()
    path.write_bytes(path.read_bytes().replace(b"statement 17", b"statement XX"))
    code = """
from cache.clock import Clock; from cache.journal import Journal
from cache.state import StateDirectory
journal = Journal(StateDirectory(root), fresh_epoch=b"epoch002", at=Clock().wall(), acknowledged={})
print("salvaged", journal.append([b"new"], at=Clock().wall()), flush=True)
"""
    recording = python(code, state.root)
    promised = recording.said(b"salvaged")
    for point, root in cuts(recording, tmp_path, 12):
        disk = StateDirectory(root)
        with closing(Journal(disk, fresh_epoch=b"epoch003", at=START, acknowledged={})) as journal:
            rows = [
                row.record
                for epoch in journal.reader.epochs()
                for row in journal.reader.unsent(epoch.epoch, 0, 1000)
            ]
        assert sorted(set(rows) - {b"new"}) == sorted(records - {b"statement 17"}), point
        assert len(rows) == len(set(rows))
        assert b"new" in rows or point < promised


def fail_at(root: Path, number: int, action: str) -> bool:
    """Let the Nth operation fail, check, and go on; say whether there was an Nth."""
    state = StateDirectory(root / f"{action}-{number}")
    said: list[str] = []
    failpoints.hook = failpoints.counting(f"any:{number}:{action}")
    failed = fails(state, said)
    failpoints.hook = None
    assert broken_promises(state, said) == [], number
    if failed:
        run(state, b"epoch002", said.append)
        assert broken_promises(state, said) == [], number
    return failed


@pytest.mark.parametrize(("action", "first"), [("raise", 1), ("full", 12)])
def test_some_operations_may_fail(tmp_path: Path, action: str, first: int) -> None:
    assert all(fail_at(tmp_path, number, action) for number in range(first, 220, 24))


@pytest.mark.crash
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("action", ["raise", "full"])
def test_every_operation_may_fail(tmp_path: Path, action: str) -> None:
    """The Nth operation fails, for each N until all succeed."""
    assert next(n for n in range(1, 1000) if not fail_at(tmp_path, n, action)) > 200


def fails(state: StateDirectory, said: list[str]) -> bool:
    try:
        run(state, b"epoch001", said.append)
    except ExhaustedError:
        return True
    return False


def kill_at(state: StateDirectory, number: int, said: list[str]) -> int:
    """Run the story, killed at its Nth operation; give its return code."""
    environment = {**os.environ, failpoints.VARIABLE: f"any:{number}:kill"}
    done = subprocess.run(
        [*STORY, state.root, "epoch001"],
        env=environment,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    said.extend(done.stdout.splitlines())
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


@pytest.mark.parametrize("number", [3, 17, 42, 77, 110, 150])
def test_a_kill_at_some_operations(tmp_path: Path, number: int) -> None:
    state = StateDirectory(tmp_path / "state")
    said: list[str] = []
    assert kill_at(state, number, said) == -signal.SIGKILL
    assert broken_promises(state, said) == []
    run(state, b"epoch002", said.append)
    assert broken_promises(state, said) == []


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_a_kill_at_every_operation_again_and_again(tmp_path: Path) -> None:
    """The same state is killed at operation N, N+1, ... until a run gets through."""
    state = StateDirectory(tmp_path / "state")
    said: list[str] = []
    for number in range(1, 1000):
        code = kill_at(state, number, said)
        assert broken_promises(state, said) == [], number
        if code == 0:
            return
    raise AssertionError
