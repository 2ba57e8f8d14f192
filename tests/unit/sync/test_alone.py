"""What a worker loads for a task can be loaded alone: each task is another process."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["sync.upload", "sync.pull", "sync.pull.statements"])
def test_a_module_is_loaded_by_itself(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
