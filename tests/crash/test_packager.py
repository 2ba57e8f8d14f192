"""A packager killed at any durable operation: the next run goes on, and nothing is half done."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cache.failpoints import VARIABLE
from core.names import PackId
from tests.support.packing import write_tree
from tests.support.tiny_repository import TinyRepository

pytestmark = pytest.mark.crash

MOST_OPERATIONS = 300
STEP = 7


def publish(folder: Path, tiny: TinyRepository, failpoint: str) -> int:
    """Publish in a process of its own, killed at ``failpoint`` unless that is empty."""
    command = [
        *(sys.executable, "-m", "packhorse", "pack", "publish", str(folder)),
        *("--repository", str(tiny.directory), "--key", str(tiny.publisher_key_file)),
        *("--wait", "0", "--level", "1"),
    ]
    environment = {**os.environ, VARIABLE: failpoint} if failpoint else None
    return subprocess.run(command, env=environment, check=False, capture_output=True).returncode


def test_killed_anywhere_it_ends_well(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path / "hub")
    folder = tmp_path / "course"
    write_tree(folder, {"a.mp4": os.urandom(100_000), "b.txt": b"b" * 1000, "c.txt": b""})
    metadata = {path.name for path in (tiny.directory / "metadata").iterdir()}
    killed = 0
    for number in range(1, MOST_OPERATIONS, STEP):
        code = publish(folder, tiny, f"any:{number}:kill")
        assert {path.name for path in (tiny.directory / "metadata").iterdir()} == metadata
        if code != -signal.SIGKILL:
            break
        killed += 1
    assert killed >= 5
    assert publish(folder, tiny, "") == 3
    assert tiny.sequence() == 1
    assert publish(folder, tiny, "") == 0
    assert list(tiny.role.targets) == [PackId("demo/county/fish")]
