"""`tools/check_windows.py` finds what Windows lacks wherever `packhorse pack` reaches."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools/check_windows.py"
CLEAN = '''"""Nothing to see."""

import os
import sys

if sys.platform != "win32":
    import fcntl

    FLAGS = os.O_DIRECTORY | fcntl.LOCK_EX
QUIET = getattr(os, "O_NOFOLLOW", 0)
'''
PLANTED = '''"""All that Windows lacks."""

import os
import resource
import signal
from pathlib import Path

import segno

segno.make
resource.RUSAGE_SELF
FLAGS = os.O_DIRECTORY
SIGNAL = signal.SIGKILL


def write(path: Path, descriptor: int) -> None:
    """Write."""
    os.fchown(descriptor, 0, 0)
    os.unlink(path, dir_fd=descriptor)
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The commands as small as can be: one imports `cache.planted` when it runs."""
    modules = {
        "packhorse/__main__.py": "from packager import key_cli as key_cli\n",
        "packager/key_cli.py": "",
        "packager/cli.py": "def run() -> None:\n    import cache.planted\n",
        "hub/unreached.py": PLANTED,
    }
    for name, source in modules.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source, "utf-8")
    (tmp_path / "cache").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, root], capture_output=True, text=True, check=False
    )


def test_what_windows_lacks_is_found_wherever_the_commands_reach(tree: Path) -> None:
    (tree / "cache/planted.py").write_text(PLANTED, "utf-8")
    done = check(tree)
    assert done.returncode == 1
    assert "unreached" not in done.stderr
    for words in (
        "imports resource, which Windows has not",
        "imports segno, which does not come with packhorse[packager]",
        "dir_fd: Windows has no directory descriptors",
        '"O_DIRECTORY"',
        '"SIGKILL"',
        '"fchown"',
    ):
        assert words in done.stderr
    (tree / "cache/planted.py").write_text(CLEAN, "utf-8")
    done = check(tree)
    assert done.returncode == 0, done.stderr
