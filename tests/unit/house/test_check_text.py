"""`tools/check_text.py` finds registry hosts and machine paths, and leaves the rest alone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tools/check_text.py"

# Put together from parts, so that this file holds none of them.
PARTS = ("files", "pythonhosted", "org")
HOST = ".".join(PARTS)
MACHINE_PATH = "/".join(("", "home", *PARTS))
FOLDER = "work"
PI_FOLDER = ("pi", "x")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, root], capture_output=True, text=True, check=False
    )


def test_the_project_is_clean() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", [f"https://{HOST}/simple", f'PATH = "{MACHINE_PATH}"'])
def test_a_finding_names_file_line_and_text(repository: Path, text: str) -> None:
    (repository / "new.md").write_text(f"first\n{text}\n", "utf-8")
    done = check(repository)
    assert done.returncode == 1
    assert "new.md:2: " in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "/var/lib/packhorse/blobs",
        f"network/{FOLDER}/done",
        f"https://hub.example/{FOLDER}/",
        "/".join(("", "home", *PI_FOLDER)),
    ],
)
def test_ordinary_text_is_no_finding(repository: Path, text: str) -> None:
    (repository / "new.md").write_text(text, "utf-8")
    assert check(repository).returncode == 0


def test_ignored_and_binary_files_are_left_out(repository: Path) -> None:
    (repository / ".gitignore").write_text("build/\n", "utf-8")
    (repository / "build").mkdir()
    (repository / "build/made.txt").write_text(HOST, "utf-8")
    (repository / "picture.bin").write_bytes(b"\xff\xfe" + HOST.encode())
    assert check(repository).returncode == 0
