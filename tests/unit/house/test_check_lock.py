"""`tools/check_lock.py` accepts the project's locks and refuses loose ones."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools/check_lock.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, root], capture_output=True, text=True, check=False
    )


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_locks_satisfy_the_project(copy: Path) -> None:
    done = check(copy)
    assert done.returncode == 0, done.stderr


def test_a_new_requirement_needs_a_new_lock(copy: Path) -> None:
    edit(copy / "pyproject.toml", 'tui = ["textual>=8"', 'tui = ["nowhere>=1", "textual>=8"')
    done = check(copy)
    assert done.returncode == 1
    assert "requirements/lock.txt: nowhere is not pinned" in done.stderr
    assert "make lock" in done.stderr


def test_a_raised_requirement_needs_a_new_lock(copy: Path) -> None:
    edit(copy / "pyproject.toml", '"click>=', '"click>=1000.')
    assert "click does not satisfy" in check(copy).stderr


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://index.example/simple",
        "--find-links ./wheels",
        "-e .",
        "click @ file:///somewhere/click.whl",
        "click>=8",
    ],
)
def test_a_lock_holds_pins_alone(copy: Path, line: str) -> None:
    edit(copy / "requirements/node.txt", "click==", f"{line}\nclick==")
    done = check(copy)
    assert done.returncode == 1
    assert "not a pin" in done.stderr


def test_a_pin_needs_hashes(copy: Path) -> None:
    lock = copy / "requirements/lock.txt"
    lock.write_text(lock.read_text("utf-8") + "unhashed==1.0\n", "utf-8")
    assert "unhashed==1.0 has no sha256 hash" in check(copy).stderr


@pytest.mark.parametrize("part", ["node.txt", "packager.txt"])
def test_the_locks_agree(copy: Path, part: str) -> None:
    edit(copy / "requirements" / part, "tuf==7.0.1", "tuf==7.0.2")
    assert f"requirements/{part}: tuf differs" in check(copy).stderr


def test_a_publishers_computer_needs_its_own_lock(copy: Path) -> None:
    lock = copy / "requirements/packager.txt"
    pins = lock.read_text("utf-8")
    lock.write_text(pins[: pins.index("zstandard==")], "utf-8")
    assert "requirements/packager.txt: zstandard is not pinned" in check(copy).stderr
