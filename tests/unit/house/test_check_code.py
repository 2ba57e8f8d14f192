"""`tools/check_code.py` finds renames outside their home and modules that are too long."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools/check_code.py"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, root], capture_output=True, text=True, check=False
    )


def write(root: Path, module: str, source: str) -> None:
    path = root / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")


@pytest.mark.parametrize("call", ["path.rename(other)", "folder().replace(target)"])
def test_a_rename_is_found(tmp_path: Path, call: str) -> None:
    write(tmp_path, "hub/store.py", f"x = 1\n{call}\n")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "hub/store.py:2: renames a file" in done.stderr


@pytest.mark.parametrize("call", ["text.replace('a', 'b')", "moment.replace(hour=1)"])
def test_other_replacements_are_none(tmp_path: Path, call: str) -> None:
    write(tmp_path, "hub/store.py", call + "\n")
    assert check(tmp_path).returncode == 0


def test_the_durable_files_may_rename(tmp_path: Path) -> None:
    write(tmp_path, "cache/durable.py", "path.rename(other)\n")
    assert check(tmp_path).returncode == 0


def test_a_long_module_is_found(tmp_path: Path) -> None:
    write(tmp_path, "core/long.py", "x = 1\n" * 401)
    assert "core/long.py:401: the module has more than 400 lines" in check(tmp_path).stderr
