"""What updates cost: this packager's bundles against other tools, on real and made pairs.

For each pair: bytes of the bundle, index and list included; the same of each peer, in the same
run; the ratio to the best of them; what encoding and decoding cost in CPU, and decoding in memory.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

import pytest

from benchmarks.delta import making, peers
from benchmarks.delta.corpus import Pair, fetched
from benchmarks.delta.lessons_pack import afternoon, pack_pair
from benchmarks.delta.making import made_pairs
from benchmarks.delta.peers import FILES, PEERS, bytes_of

GEOMETRIC_MEAN = 0.70
WORST, WORST_BYTES = 1.03, 512
OF_FILES = 0.05
OF_RENDITIONS, LISTS = 1.005, 20_000

pytestmark = [pytest.mark.bench, pytest.mark.timeout(4 * 3600)]


@dataclass(frozen=True)
class Measured:
    """What a pair came to.

    Attributes:
        name: of the pair.
        size: bytes of the bundle.
        peers: bytes of each peer.
        encoding, decoding: seconds of CPU.
        memory: most of it while decoding, bytes.
    """

    name: str
    size: int
    peers: dict[str, int]
    encoding: float
    decoding: float
    memory: int

    @property
    def best(self) -> int:
        """Bytes of the best peer."""
        return min(self.peers.values())

    @property
    def is_kept(self) -> bool:
        """Whether it costs no more than it may."""
        return self.size <= max(WORST * self.best, self.best + WORST_BYTES)

    def __str__(self) -> str:
        """Say it in a line."""
        each = " ".join(f"{name} {size}" for name, size in self.peers.items())
        return (
            f"{self.name:20} {self.size:9} B, {self.size / self.best:5.3f} of the best;"
            f" encode {self.encoding:6.1f} s, decode {self.decoding:5.2f} s"
            f" {self.memory / 2**20:4.0f} MB; {each}{'' if self.is_kept else ' NOT KEPT'}"
        )


# What the kernel says of a child at its end counts in the parent's memory before it was replaced.
_RUN = """
import atexit, re, runpy, sys
target, *sys.argv[1:] = sys.argv[1:]
def tell():
    status = open("/proc/self/status").read()
    open(target, "w").write(re.search(r"VmHWM:\\s*(\\d+) kB", status)[1])
atexit.register(tell)
runpy.run_module("packhorse", run_name="__main__")
"""


def ran(scratch: Path, *arguments: object) -> tuple[float, int]:
    """Run the packager in a process of its own; give its seconds of CPU and its memory, bytes."""
    told = scratch / "memory"
    command = [sys.executable, "-c", _RUN, str(told), *map(str, arguments)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return used.ru_utime + used.ru_stime, int(told.read_text()) * 1024


def measured(pair: Pair, scratch: Path) -> Measured:
    """Measure a pair, and see that it comes bit by bit."""
    bundle, made = scratch / "x.bundle", scratch / "made"
    encoding, _ = ran(scratch, "pack", "diff", pair.old, pair.new, "-o", bundle)
    decoding, memory = ran(scratch, "pack", "apply", pair.old, bundle, "-o", made)
    assert subprocess.run(["diff", "-r", made, pair.new], check=False).returncode == 0
    shutil.rmtree(made)
    sizes: dict[str, int] = {}
    for peer in PEERS:
        place = scratch / peer
        place.mkdir()
        sizes[peer] = bytes_of(peer, pair, place)
        shutil.rmtree(place)
    return Measured(pair.name, bundle.stat().st_size, sizes, encoding, decoding, memory)


def mean(ratios: Sequence[float]) -> float:
    """Give the geometric mean."""
    return exp(sum(map(log, ratios)) / len(ratios))


def test_updates_cost_less_than_by_any_peer(tmp_path: Path) -> None:
    assert [*peers.missing_programs(), *making.missing_programs()] == []
    began = time.monotonic()
    results: list[Measured] = []
    print()
    for pair in [*fetched(), *made_pairs()]:
        place = tmp_path / pair.name
        place.mkdir()
        results.append(measured(pair, place))
        print(results[-1], flush=True)
        shutil.rmtree(place)
    best = mean([one.size / one.best for one in results])
    files = mean([one.size / one.peers[FILES] for one in results])
    print(
        f"{len(results)} pairs: geometric mean {best:.3f} of the best peer,"
        f" {files:.4f} of whole changed files; {(time.monotonic() - began) / 60:.0f} min"
    )
    assert [one.name for one in results if not one.is_kept] == []
    assert best <= GEOMETRIC_MEAN
    assert files <= OF_FILES


def test_an_afternoon_s_work_costs_what_is_new_of_it(tmp_path: Path) -> None:
    done = afternoon(pack_pair(), tmp_path)
    print(
        f"\na pack of 40 lessons, a video replaced, titles and chapters changed: {done.size} B,"
        f" of which {done.renditions} B are new renditions: {done.size - done.renditions:+} B"
    )
    assert done.size <= OF_RENDITIONS * done.renditions + LISTS
