"""`tools/system-packages` installs what is missing as root, and says what to run otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools/system-packages"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Give a folder of programs that stand for a machine: nobody's, with nothing installed."""
    put(tmp_path, "dpkg-query", "exit 1")
    put(tmp_path, "apt-get", f'echo "$*" >>{tmp_path}/apt-get.log')
    put(tmp_path, "id", "echo 1000")
    return tmp_path


def put(machine: Path, name: str, body: str) -> None:
    program = machine / name
    program.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    program.chmod(0o755)


def run(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{machine}:{os.environ['PATH']}"}
    return subprocess.run(
        [SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_nothing_is_done_when_all_is_there(machine: Path) -> None:
    put(machine, "dpkg-query", "echo installed")
    done = run(machine, "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (machine / "apt-get.log").exists()


def test_others_than_root_are_told_what_to_run(machine: Path) -> None:
    done = run(machine, "check")
    assert done.returncode == 2
    assert "error: these packages are missing: systemd\n" in done.stderr
    assert "sudo apt-get install -y --no-install-recommends systemd\n" in done.stderr
    assert not (machine / "apt-get.log").exists()


def test_root_gets_what_is_missing_and_no_more(machine: Path) -> None:
    put(machine, "id", "echo 0")
    put(machine, "dpkg-query", '[ "$4" = tmux ] || echo installed')
    done = run(machine, "test")
    assert done.returncode == 0
    assert done.stdout == ""
    calls = (machine / "apt-get.log").read_text("utf-8").splitlines()
    assert calls == ["update", "install -y --no-install-recommends tmux"]


def test_a_failed_installation_ends_with_2_and_its_words(machine: Path) -> None:
    put(machine, "id", "echo 0")
    put(machine, "apt-get", "echo no such archive; exit 100")
    done = run(machine, "check")
    assert done.returncode == 2
    assert "no such archive" in done.stderr


def test_this_python_is_new_enough(machine: Path) -> None:
    assert run(machine, "venv", sys.executable).returncode == 0


def test_an_old_python_is_named(machine: Path) -> None:
    old = '[ "$1" = --version ] && echo Python 3.9.2 || exit 1'
    put(machine, "python-of-old", old)
    done = run(machine, "venv", "python-of-old")
    assert done.returncode == 2
    assert "error: Python 3.9.2 is too old" in done.stderr


def test_a_python_without_venv_needs_the_package(machine: Path) -> None:
    put(machine, "bare-python", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = run(machine, "venv", "bare-python")
    assert done.returncode == 2
    assert "python3-venv" in done.stderr
