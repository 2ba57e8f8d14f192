"""The portal as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.processes import end

LISTEN: Final = ("--listen", "127.0.0.1:0", "--content-listen", "127.0.0.1:0")


@contextmanager
def portal(*command: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run a portal; give the process and the addresses that it printed."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        end(process, 60)
