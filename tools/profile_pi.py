"""Runs a command as if on a Raspberry Pi: little memory, a slow processor, a card for a disk.

usage: python tools/profile_pi.py COMMAND [ARGUMENT...]        (root; Linux)

The limits, which the figures in docs/design.md, section 13, are taken under:

    memory      1 GB in all, file cache included, no swap
    processor   0.30 of one core in all: a Cortex-A72 at 1.5 GHz does about that much of one
    disk        20 MB/s reading, 10 MB/s writing, 1,000 and 500 operations a second

They are control groups, of version 1 or 2, whichever the machine has. What cannot be limited is
said; without a limit for memory and processor nothing is run, since the figures would be lies.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

MEMORY_BYTES: Final = 1_000_000_000
CPU_SHARE: Final = 0.30
PERIOD_US: Final = 100_000
QUOTA_US: Final = round(PERIOD_US * CPU_SHARE)
READ, WRITE = 20_000_000, 10_000_000
READS, WRITES = 1000, 500
ROOT: Final = Path("/sys/fs/cgroup")
NAME: Final = f"packhorse-pi-{os.getpid()}"


class Limits:
    """Control groups that are gone when the command is."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self._groups: list[Path] = []

    def set(self) -> None:
        """Make the groups and put this process into them."""
        unified = (ROOT / "cgroup.controllers").is_file()
        makers = self._version_2() if unified else self._version_1()
        for what, maker in makers:
            try:
                maker()
            except OSError as error:
                self.missing.append(f"{what} ({error.strerror})")
        for group in self._groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self) -> None:
        """Leave the groups and remove them."""
        for group in self._groups:
            with suppress(OSError):
                (group.parent / "cgroup.procs").write_text(str(os.getpid()))
            for process in _processes(group):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            with suppress(OSError):
                group.rmdir()

    def _version_1(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "memory", self._memory_1
        yield "processor", self._processor_1
        yield "disk", self._disk_1

    def _memory_1(self) -> None:
        group = self._make(_own_group("memory"))
        _write(group, "memory.limit_in_bytes", MEMORY_BYTES)
        with suppress(OSError):
            _write(group, "memory.memsw.limit_in_bytes", MEMORY_BYTES)

    def _processor_1(self) -> None:
        group = self._make(_own_group("cpu"))
        _write(group, "cpu.cfs_period_us", PERIOD_US)
        _write(group, "cpu.cfs_quota_us", QUOTA_US)

    def _disk_1(self) -> None:
        group = self._make(_own_group("blkio"))
        disk = _disk()
        for name, limit in (
            ("read_bps", READ),
            ("write_bps", WRITE),
            ("read_iops", READS),
            ("write_iops", WRITES),
        ):
            _write(group, f"blkio.throttle.{name}_device", f"{disk} {limit}")

    def _version_2(self) -> Iterator[tuple[str, Callable[[], None]]]:
        group = ROOT / NAME
        yield "groups", lambda: self._group_2(group)
        yield "memory", lambda: _write(group, "memory.max", MEMORY_BYTES)
        yield "swap", lambda: _write(group, "memory.swap.max", 0)
        yield "processor", lambda: _write(group, "cpu.max", f"{QUOTA_US} {PERIOD_US}")
        limits = f"rbps={READ} wbps={WRITE} riops={READS} wiops={WRITES}"
        yield "disk", lambda: _write(group, "io.max", f"{_disk()} {limits}")

    def _group_2(self, group: Path) -> None:
        for controller in ("memory", "cpu", "io"):
            with suppress(OSError):
                _write(ROOT, "cgroup.subtree_control", f"+{controller}")
        self._make(ROOT)
        if not group.is_dir():
            raise FileNotFoundError(group)

    def _make(self, parent: Path) -> Path:
        group = parent / NAME
        group.mkdir(exist_ok=True)
        self._groups.append(group)
        return group


def main(command: list[str]) -> int:
    """Run the command within the limits; return its exit code."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    limits = Limits()
    try:
        limits.set()
        if any(one.startswith(("memory", "processor", "groups")) for one in limits.missing):
            print(f"error: cannot limit {', '.join(limits.missing)}; be root", file=sys.stderr)
            return 1
        said = f"PROFILE=pi: {MEMORY_BYTES / 1e9:.0f} GB of memory, {CPU_SHARE:.2f} of one core"
        lacking = f"; not limited: {', '.join(limits.missing)}" if limits.missing else ""
        disk = "" if limits.missing else f", disk {WRITE / 1e6:.0f} MB/s"
        print(f"{said}{disk}{lacking}", flush=True)
        return subprocess.run(command, check=False).returncode
    except OSError as error:
        print(f"error: the limits cannot be set: {error}", file=sys.stderr)
        return 1
    finally:
        limits.remove()


def _own_group(controller: str) -> Path:
    """Give the group of a controller that this process is in, below which it may make others."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return ROOT / controller / path.lstrip("/")
    raise FileNotFoundError(2, f"no control group for {controller}")


def _processes(group: Path) -> list[int]:
    try:
        return [int(one) for one in (group / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _disk() -> str:
    """Give the number of the disk that this directory is on."""
    device = Path.cwd().stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def _write(group: Path, name: str, value: object) -> None:
    (group / name).write_text(str(value))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
