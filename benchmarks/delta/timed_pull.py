"""``python -m benchmarks.delta.timed_pull STATE``: a worker's pull that says what decoding took.

It is the real worker; only the function that decodes a block is watched. The last line on stdout
is a ``Timed``.
"""

import sys
import time
from pathlib import Path
from unittest.mock import patch

import msgspec

from core.bundle.codecs import EXPANDED, decode_block
from edge_client import worker


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """What decoding took, of blocks without and with DEFLATE expansion.

    Attributes:
        plain, expanded: bytes that were made.
        plain_seconds, expanded_seconds: of CPU.
        largest: most memory that the process had of its own at once, bytes.
    """

    plain: int
    plain_seconds: float
    expanded: int
    expanded_seconds: float
    largest: int


def peak() -> int:
    """Give most memory that this process has had, bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def main() -> int:
    """Pull; return the exit code."""
    made, seconds = {True: 0, False: 0}, {True: 0.0, False: 0.0}

    def watched(codec: int, payload: bytes, references: bytes | bytearray, size: int) -> memoryview:
        began = time.thread_time()
        found = decode_block(codec, payload, references, size)
        seconds[bool(codec & EXPANDED)] += time.thread_time() - began
        made[bool(codec & EXPANDED)] += size
        return found

    with (
        patch("sync.applier.decode_block", watched),
        patch("core.bundle.resolve.decode_block", watched),
    ):
        code = worker.main(["pull", "--state", sys.argv[1]])
    timed = Timed(
        plain=made[False],
        plain_seconds=seconds[False],
        expanded=made[True],
        expanded_seconds=seconds[True],
        largest=peak(),
    )
    sys.stdout.buffer.write(msgspec.json.encode(timed) + b"\n")
    sys.stdout.buffer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
