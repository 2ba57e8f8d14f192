"""What a worker has freed is the system's again."""

import os
import platform
import subprocess
import sys

import pytest

_TUNES = ("MALLOC_", "GLIBC_TUNABLES")
_PIECES = 60
_MIB = 1024 * 1024
# A large block was freed once; then smaller ones are, all but the last.
_PROGRAM = f"""
import re
from edge_client.allocator import return_memory_at_once
def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
{{call}}
large = b"x" * (16 * {_MIB})
del large
before = resident()
pieces = [b"x" * {_MIB} for _ in range({_PIECES})]
last = pieces.pop()
del pieces
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_of_large_blocks_goes_back_at_once() -> None:
    environment = {name: one for name, one in os.environ.items() if not name.startswith(_TUNES)}
    kept = {
        call: int(
            subprocess.check_output(
                [sys.executable, "-c", _PROGRAM.format(call=call)], env=environment
            )
        )
        for call in ("return_memory_at_once()", "pass")
    }
    assert kept["return_memory_at_once()"] < 5 * _MIB
    # Without it, the last piece keeps all before it: or else this shows nothing.
    assert kept["pass"] > _PIECES // 2 * _MIB
