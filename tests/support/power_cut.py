"""Power cuts without pulling a plug: record what a program asks of the disk, then replay it.

    recording = record([sys.executable, "-c", "..."], state_dir)
    for point in range(recording.points() + 1):
        recording.materialise(point, into)   # as the disk is if the power fails there

The program runs under Debian's strace, so it is tested as it is; child processes and threads are
followed, and writes of several processes to one file are replayed in their order. What survives
is defined in ``power_cut_disk``; what cannot be replayed faithfully raises ``UnsupportedError``.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Self

from tests.support.power_cut_disk import Disk, Loss
from tests.support.power_cut_log import SYSTEM_CALLS, LogReader, Operation

__all__ = ["Loss", "Recorder", "Recording", "record"]

_LARGEST_WRITE = 32 * 1024 * 1024


class Recording:
    """What one run did to a directory."""

    def __init__(
        self, start: Path, operations: Sequence[Operation], returncode: int, output: bytes
    ) -> None:
        self.operations = operations
        self.returncode = returncode
        self.output = output
        self._start = start
        self._disk = Disk(start)
        self._at = 0

    def points(self) -> int:
        """Give the number of operations; a cut may come before the first and after each."""
        return len(self.operations)

    def said(self, text: bytes) -> int:
        """Give the first point at which a process had written ``text`` to stdout or stderr."""
        heard = b""
        for point, operation in enumerate(self.operations, 1):
            if operation.kind == "said":
                heard = heard[-len(text) :] + operation.data
                if text in heard:
                    return point
        raise LookupError(text)

    def sayings(self) -> list[tuple[int, bytes]]:
        """Give everything written to stdout or stderr, each with the point after it."""
        return [
            (point, operation.data)
            for point, operation in enumerate(self.operations, 1)
            if operation.kind == "said"
        ]

    def materialise(
        self, point: int, into: Path, *, loss: Loss = Loss.EVERYTHING, seed: int = 0
    ) -> None:
        """Write out the directory as it is when the power fails after ``point`` operations.

        Rising points are quick: the replay goes on from the last one.

        Args:
            point: from 0 to ``points()``.
            into: a directory that is made.
            loss: what is lost of the things that were not synced; ``Loss.NOTHING`` is a kill.
            seed: decides for ``Loss.MIXED``.
        """
        if not 0 <= point <= self.points():
            raise IndexError(point)
        if point < self._at:
            self._disk, self._at = Disk(self._start), 0
        for operation in self.operations[self._at : point]:
            self._disk.apply(operation)
        self._at = point
        self._disk.tree(loss, seed).write(into)

    def spread(self, count: int) -> list[int]:
        """Give ``count`` points spread evenly over those where the disk changed."""
        changes = [0] + [
            point
            for point, one in enumerate(self.operations, 1)
            if one.kind not in {"said", "sync_begin", "open"} or one.create or one.cut
        ]
        last = len(changes) - 1
        picked = {round(last * number / max(1, count - 1)) for number in range(count)}
        return sorted(changes[number] for number in picked)

    def close(self) -> None:
        """Forget the copy of how the directory was at the start."""
        shutil.rmtree(self._start.parent, ignore_errors=True)


class Recorder:
    """Records a program that runs until it is stopped: ``with Recorder(...) as recorder``.

    ``recorder.stop()`` ends it and gives the recording; leaving without it kills the program.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        state_dir: Path,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._root = Path(os.path.realpath(state_dir))
        self._cwd = Path(os.path.realpath(cwd or Path.cwd()))
        self._work = Path(tempfile.mkdtemp(prefix="power-cut-"))
        self._log = self._work / "log"
        self._start = self._work / "start"
        if self._root.is_dir():
            shutil.copytree(self._root, self._start, symlinks=True, copy_function=shutil.copyfile)
        self._output = (self._work / "output").open("w+b")
        self.process = subprocess.Popen(
            [
                "strace", "-f", "-y", "-xx", "-qq", "-I", "never_tstp", "--seccomp-bpf",
                "-s", str(_LARGEST_WRITE), "-e", "raw=read,readv", "-e", f"trace={SYSTEM_CALLS}",
                "-e", "signal=none", "-o", self._log, *argv,
            ],
            cwd=self._cwd, env=env, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=self._output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self._kill()
        if not self._output.closed:
            self._output.close()

    def signal(self, number: int = SIGTERM) -> None:
        """Send a signal to the program itself, not to strace."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in children.read_text().split():
            os.kill(int(child), number)

    def output(self) -> bytes:
        """Give what it has written to stdout and stderr so far."""
        return (self._work / "output").read_bytes()

    def wait_for(self, text: bytes, *, seconds: float = 60) -> None:
        """Wait until it has written ``text``."""
        end = time.monotonic() + seconds
        while text not in self.output():
            if self.process.poll() is not None or time.monotonic() > end:
                raise TimeoutError(self.output().decode(errors="replace"))
            time.sleep(0.02)

    def stop(self, number: int = SIGTERM, *, seconds: float = 60) -> Recording:
        """Signal the program, wait for its end and that of its children; give the recording."""
        if self.process.poll() is None:
            self.signal(number)
        return self.finish(seconds=seconds)

    def finish(self, *, seconds: float = 60) -> Recording:
        """Wait for the end of the program and its children; give the recording."""
        try:
            returncode = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            raise
        self._output.close()
        reader = LogReader(self._log, self._root, self._cwd)
        recording = Recording(self._start, list(reader.operations()), returncode, self.output())
        self._log.unlink()
        return recording

    def _kill(self) -> None:
        # The program first, so that strace can take note of its end.
        self.signal(SIGKILL)
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, SIGKILL)
            self.process.wait()


def record(
    argv: Sequence[str | Path],
    state_dir: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> Recording:
    """Run a program to its end; give what it did to ``state_dir``, which need not exist yet."""
    with Recorder(argv, state_dir, cwd=cwd, env=env) as recorder:
        return recorder.finish(seconds=seconds)
