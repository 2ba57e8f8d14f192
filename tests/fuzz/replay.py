"""Using input again in this process, and telling how much memory that took.

    python -m tests.fuzz.replay TARGET FILE...
    python -m tests.fuzz.replay --kept TARGET...

It fails if something is wrong with the input, or if the process has had more memory than it may.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz import memory
from tests.fuzz.targets import kept, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def main(arguments: list[str]) -> int:
    """Use input; give the exit code."""
    works: list[tuple[str, Iterable[bytes]]]
    if arguments[0] == "--kept":
        works = [(name, kept(name)) for name in arguments[1:]]
    else:
        works = [(arguments[0], (Path(one).read_bytes() for one in arguments[1:]))]
    count, begun, longest = 0, time.monotonic(), 0.0
    for name, inputs in works:
        target = target_of(name)
        bounded = memory.Bounded()
        for data in inputs:
            start = time.monotonic()
            with bounded:
                target.run(data)
            longest = max(longest, time.monotonic() - start)
            count += 1
    had, took = memory.peak(), time.monotonic() - begun
    sys.stdout.write(
        f"{count} inputs in {took:.1f} s, the longest {longest:.2f} s; {had / 1e6:.0f} MB\n"
    )
    if had > memory.LIMIT:
        sys.stderr.write(f"{had / 1e6:.0f} MB are more than {memory.LIMIT / 1e6:.0f} MB\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
