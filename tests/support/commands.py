"""Commands of the hub and the node, run as people run them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import end

PACKHORSE = [sys.executable, "-m", "packhorse"]
_SECONDS = 120


def run(*words: str | Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """Run a command and check its exit code."""
    done = subprocess.run(
        [*PACKHORSE, *map(str, words)],
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def data(*words: str | Path, code: int = 0) -> Any:
    """Run a command with ``--json``; give what it printed."""
    return json.loads(run(*words, "--json", code=code).stdout)


@contextmanager
def serving(hub: Path) -> Iterator[str]:
    """Serve a hub on a free port while inside; give its address."""
    words = [*PACKHORSE, "hub", "serve", str(hub), "--json", "--listen", "127.0.0.1:0"]
    log = hub / "serve.log"
    with log.open("a") as file:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=file, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        yield json.loads(line)["listening"]
    finally:
        end(process, 30)
