"""The tool itself: it must see what happened, and catch whoever forgets to sync."""

import hashlib
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.power_cut import Loss, Recorder, Recording, record
from tests.support.power_cut_processes import UnsupportedError

EVERYTHING_PYTHON_CAN_DO = """
import os, shutil, sqlite3, subprocess, sys, threading
root = sys.argv[1]; os.chdir(root)
def path(name): return os.path.join(root, name)
os.makedirs("a/b/c")
with open("a/one", "wb") as f:
    f.write(b"0123456789" * 500); f.flush(); f.seek(20); f.write(b"XY"); f.flush(); f.truncate(300)
fd = os.open(path("a/two"), os.O_RDWR | os.O_CREAT)
os.writev(fd, [b"ab", b"cde"]); os.lseek(fd, 1, 0); os.read(fd, 1)
other = os.dup(fd); os.write(other, b"!"); os.pwrite(fd, b"end", 10)
os.pwritev(fd, [b"v1", b"v2"], 20); os.posix_fallocate(fd, 0, 40); os.fsync(fd)
os.close(fd); os.write(other, b"?")
with open(path("a/log"), "ab") as f: f.write(b"first\\n")
if os.fork() == 0:
    os.write(other, b"child"); os._exit(0)
os.wait(); os.write(other, b"parent")
def work(n): open(path(f"a/t{n}"), "w").write("t" * n)
threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
child = "open('a/log', 'ab').write(b'second\\\\n')"
subprocess.run([sys.executable, "-c", child], check=True, cwd=root)
os.rename("a/one", "a/b/one"); os.link("a/two", "a/b/two"); os.symlink("../two", "a/b/s")
open("a/b/s", "ab").write(b"through the link")
shutil.copyfile("a/two", "a/copy"); shutil.copytree("a/b", "tree", symlinks=True)
src, dst = open("a/copy", "rb"), open("a/ranged", "wb")
os.copy_file_range(src.fileno(), dst.fileno(), 10, 3); src.close(); dst.close()
shutil.copyfile(sys.executable, "python")
os.unlink("a/t1"); os.rmdir("a/b/c"); os.replace("a/t2", "a/t3"); shutil.rmtree("tree")
os.truncate("a/t4", 2)
here = os.open("a", os.O_RDONLY)
os.mkdir("d", dir_fd=here); os.rename("t0", "d/t0", src_dir_fd=here, dst_dir_fd=here)
db = sqlite3.connect("x.db", isolation_level=None); db.execute("pragma journal_mode=wal")
db.execute("create table t (a)")
for n in range(50): db.execute("insert into t values (?)", ("x" * n,))
other = sqlite3.connect("y.db"); other.execute("create table t (a)"); other.commit()
print("done", flush=True)
os.kill(os.getpid(), 9)
"""


def contents(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "directory"
        elif not name.endswith("-shm"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def python(code: str, state: Path) -> Recording:
    return record([sys.executable, "-c", code, state], state)


def after(recording: Recording, tmp_path: Path, point: int, loss: Loss) -> dict[str, bytes]:
    into = tmp_path / f"{point}-{loss.value}"
    recording.materialise(point, into, loss=loss)
    return {path.name: path.read_bytes() for path in into.iterdir()}


def test_the_replay_of_all_that_happened_is_what_is_there(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "before").write_bytes(b"was here")
    recording = python(EVERYTHING_PYTHON_CAN_DO, state)
    assert recording.output == b"done\n"
    assert recording.returncode == -signal.SIGKILL
    recording.materialise(recording.points(), tmp_path / "replayed", loss=Loss.NOTHING)
    assert contents(tmp_path / "replayed") == contents(state)
    assert contents(state)["a/d/t0"]


def test_going_back_gives_the_same_as_going_forward(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    recording = python(EVERYTHING_PYTHON_CAN_DO, state)
    points = recording.spread(12)
    assert points[0] == 0
    assert len(points) == 12
    for point in points:
        recording.materialise(point, tmp_path / f"up-{point}", loss=Loss.MIXED, seed=point)
    for point in reversed(points):
        recording.materialise(point, tmp_path / f"down-{point}", loss=Loss.MIXED, seed=point)
        assert contents(tmp_path / f"up-{point}") == contents(tmp_path / f"down-{point}")
    with pytest.raises(IndexError):
        recording.materialise(recording.points() + 1, tmp_path / "beyond")


NO_SYNC = """
import os, sys; os.chdir(sys.argv[1])
with open("tmp", "wb") as f: f.write(b"new")
os.replace("tmp", "file"); print("promised", flush=True)
"""
NO_FILE_SYNC = NO_SYNC.replace("print", "os.fsync(os.open('.', 0)); print")
NO_NAME_SYNC = NO_SYNC.replace(
    'f.write(b"new")', 'f.write(b"new"); f.flush(); os.fsync(f.fileno())'
)
IN_PLACE = """
import os, sys; os.chdir(sys.argv[1])
with open("file", "r+b") as f: f.write(b"new"); f.flush(); os.fsync(f.fileno())
print("promised", flush=True)
"""
SYNCED = NO_NAME_SYNC.replace("print", "os.fsync(os.open('.', 0)); print")


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        (NO_SYNC, b"old"),
        (NO_FILE_SYNC, b""),
        (NO_NAME_SYNC, b"old"),
        (SYNCED, b"new"),
    ],
)
def test_a_promise_holds_only_for_whoever_syncs_both_file_and_name(
    tmp_path: Path, code: str, kept: bytes
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "file").write_bytes(b"old")
    recording = python(code, state)
    assert recording.returncode == 0
    promised = recording.said(b"promised")
    assert after(recording, tmp_path, promised, Loss.EVERYTHING)["file"] == kept


def test_writing_in_place_is_caught_between_old_and_new(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "file").write_bytes(b"o" * 3000)
    recording = python(IN_PLACE.replace('b"new"', 'b"n" * 3000'), state)
    seen = set()
    for seed in range(20):
        for point in range(recording.points() + 1):
            recording.materialise(point, tmp_path / f"{seed}-{point}", loss=Loss.MIXED, seed=seed)
            seen.add((tmp_path / f"{seed}-{point}" / "file").read_bytes())
    assert {b"o" * 3000, b"n" * 3000} < seen


def test_a_new_file_is_lost_without_a_sync_of_its_directory(tmp_path: Path) -> None:
    state = tmp_path / "state"
    code = """
import os, sys; os.makedirs(sys.argv[1] + "/d"); os.chdir(sys.argv[1] + "/d")
f = open("file", "wb"); f.write(b"x"); f.flush(); os.fsync(f.fileno()); print("1", flush=True)
os.fsync(os.open(".", 0)); print("2", flush=True)
os.fsync(os.open("..", 0)); print("3", flush=True)
"""
    recording = python(code, state)
    assert after(recording, tmp_path, recording.said(b"2"), Loss.EVERYTHING) == {}
    recording.materialise(recording.said(b"3"), tmp_path / "kept")
    assert (tmp_path / "kept" / "d" / "file").read_bytes() == b"x"


def test_what_cannot_be_replayed_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    code = """
import mmap, sys
f = open(sys.argv[1] + "/file", "w+b"); f.write(b"x" * 4096); f.flush()
m = mmap.mmap(f.fileno(), 4096)
"""
    with pytest.raises(UnsupportedError, match="through memory"):
        python(code, state)


def test_a_long_running_program_is_recorded_until_it_is_stopped(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    code = """
import signal, subprocess, sys, time
def stop(*_):
    open(sys.argv[1] + "/end", "w").write("stopped"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
code = "import sys; open(sys.argv[1] + '/child', 'w').write('1')"
subprocess.run([sys.executable, "-c", code, sys.argv[1]]); print("ready", flush=True)
while True: time.sleep(0.05)
"""
    with Recorder([sys.executable, "-c", code, state], state) as recorder:
        recorder.wait_for(b"ready")
        recording = recorder.stop()
    assert recording.returncode == 0
    files = after(recording, tmp_path, recording.points(), Loss.NOTHING)
    assert files == {"child": b"1", "end": b"stopped"}


def test_leaving_early_kills_the_program(tmp_path: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with Recorder([sys.executable, "-c", code], tmp_path / "state") as recorder:
        recorder.wait_for(b"\n")
        process = int(recorder.output())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
