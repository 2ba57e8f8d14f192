import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOL = [sys.executable, "tools/profile_pi.py"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TOOL, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def groups() -> set[Path]:
    return {
        *Path("/sys/fs/cgroup").glob("packhorse-pi-*"),
        *Path("/sys/fs/cgroup").glob("*/packhorse-pi-*"),
    }


def test_without_a_command_it_says_how_it_is_used() -> None:
    done = run()

    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make control groups")
def test_a_command_runs_within_the_limits_and_its_exit_code_is_passed_on() -> None:
    # Somebody may measure beside this.
    before = groups()
    done = run("cat", "/proc/self/cgroup")
    if done.returncode == 1 and "cannot limit" in done.stderr:
        pytest.skip(done.stderr.strip())

    assert done.returncode == 0
    assert "packhorse-pi-" in done.stdout
    assert run("false").returncode == 1
    assert groups() <= before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make control groups")
def test_what_takes_more_memory_than_a_pi_has_is_ended() -> None:
    take = "import sys; b = b'x' * int(sys.argv[1])"
    done = run(sys.executable, "-c", take, "500_000_000")
    if done.returncode == 1 and "cannot limit" in done.stderr:
        pytest.skip(done.stderr.strip())

    assert done.returncode == 0
    # By the kernel, which kills; Python's own MemoryError would end it with 1.
    assert run(sys.executable, "-c", take, "1_500_000_000").returncode == 256 - signal.SIGKILL


def test_an_unknown_profile_is_refused() -> None:
    done = subprocess.run(
        ["tools/marked-tests", "bin", "bench"],
        cwd=ROOT,
        env={**os.environ, "PROFILE": "cray"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "only pi is known" in done.stderr) == (2, True)
