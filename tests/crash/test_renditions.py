"""A build killed while it makes renditions keeps what was finished, and leaves no litter."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.renditions import make_source

pytestmark = pytest.mark.crash

PATIENCE = 60


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "packhorse", "pack", "build", str(folder), "--level", "1"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(folder: Path) -> dict[Path, int]:
    """Give the blobs that are there, and when each was written."""
    blobs = (folder / ".packhorse/blobs").glob("*/*")
    return {path: path.stat().st_mtime_ns for path in blobs}


def workers_of(folder: Path) -> list[str]:
    """Give processes that have a file of the folder open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            targets = [str(one.readlink()) for one in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(one.startswith(str(folder)) for one in targets):
            found.append(process.name)
    return found


def test_a_killed_build_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "pack.toml").write_text('id = "demo/county/fish"\nrenditions = ["240p"]\n')
    for number in range(4):
        (folder / f"{number}.mp4").write_bytes(make_source(20 + number, size=(320, 256)))
    first = start(folder)
    deadline = time.monotonic() + PATIENCE
    while not finished(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = finished(folder)
    assert 1 <= len(kept) < 4
    # Workers that nobody listens to end by themselves.
    while workers_of(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers_of(folder) == []
    assert start(folder).wait(PATIENCE) == 0
    after = finished(folder)
    assert {path: after.get(path) for path in kept} == kept
    # Four renditions and the manifest.
    assert len(after) == 5
    assert not list((folder / ".packhorse/staging").glob("media-*"))


def test_an_interrupted_build_ends_its_workers(tmp_path: Path) -> None:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "pack.toml").write_text('id = "demo/county/fish"\nrenditions = ["240p"]\n')
    (folder / "1.mp4").write_bytes(make_source(60, size=(320, 256)))
    build = start(folder)
    staging = folder / ".packhorse/staging"
    deadline = time.monotonic() + PATIENCE
    while not list(staging.glob("media-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    build.send_signal(signal.SIGINT)
    assert build.wait(PATIENCE) != 0
    assert workers_of(folder) == []
    assert not list(staging.glob("media-*"))
