"""A small real worker program for tests of the agent: it emits real events, and misbehaves.

usage: python fake_worker.py DIR TASK [ARGUMENT...]

What it does is in ``DIR/behaviour`` (a word of ``BEHAVIOURS``, ``ok`` when there is none); each
run appends its task to ``DIR/runs``; what ``enrol`` is given on stdin is in ``DIR/given`` then.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from sync.events import (
    Checking,
    Contact,
    Done,
    Event,
    Fetching,
    Planned,
    Problem,
    Summary,
    Task,
    encode_event,
)

TITLE = {"en": "Fractions", "zh": "分数"}


def emit(event: Event) -> None:
    """Write one event."""
    sys.stdout.buffer.write(encode_event(event))
    sys.stdout.buffer.flush()


def ok(task: Task) -> int:
    """Find nothing new."""
    emit(Checking(source="the hub"))
    emit(Contact(changed=False))
    emit(Done(summary=Summary(task=task, exit_code=0, reached=True)))
    return 0


def fetch(task: Task) -> int:
    """Fetch something, and stay at 40 % until the file ``go`` is there."""
    emit(Checking(source="the hub"))
    emit(Contact(changed=True))
    common = {"pack": "gd/zhuhai/fractions", "version": 2, "total": 1000}
    emit(Planned(**common, title=TITLE, base=1, size=5000))  # type: ignore[arg-type]
    emit(Fetching(**common, title=TITLE, done=400, item="lesson-1"))  # type: ignore[arg-type]
    while not (Path(sys.argv[1]) / "go").exists():
        time.sleep(0.02)
    emit(Done(summary=Summary(task=task, exit_code=0, reached=True, changed=True)))
    return 0


def offline(task: Task) -> int:
    """Reach nobody."""
    problem = Problem(
        kind="unavailable",
        text="The hub does not answer.",
        hint="Look at the line.",
        template="{upstream} does not answer.",
        fields={"upstream": "The hub"},
        exit_code=14,
    )
    emit(Checking(source="the hub"))
    emit(problem)
    emit(Done(summary=Summary(task=task, exit_code=14, problems=[problem])))
    return 14


def refused(task: Task) -> int:
    """Find something unsigned."""
    problem = Problem(kind="refused", text="The tip is not signed.", exit_code=12)
    emit(Contact(changed=True))
    emit(Done(summary=Summary(task=task, exit_code=12, reached=True, problems=[problem])))
    return 12


def crash(task: Task) -> int:
    """Die in the middle of a line."""
    sys.stderr.write(f"decoder: bad block in {task}\n")
    sys.stderr.flush()
    sys.stdout.buffer.write(b'{"event":"fetch')
    sys.stdout.buffer.flush()
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def hang(task: Task) -> int:
    """Say something, then nothing, and do not obey SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    emit(Checking(source=task))
    time.sleep(600)
    return 1


def garbage(task: Task) -> int:
    """Print what is no event, and a line without end, before ending well."""
    out = sys.stdout.buffer
    out.write(b"\x00\xff not json\n[]\n{}\n" + b"[" * 100_000 + b"\n" + b"x" * 3_000_000 + b"\n")
    return ok(task)


BEHAVIOURS: dict[str, Callable[[Task], int]] = {
    function.__name__: function for function in (ok, fetch, offline, refused, crash, hang, garbage)
}


def main() -> int:
    """Behave as told."""
    directory = Path(sys.argv[1])
    tasks: dict[str, Task] = {task: task for task in get_args(Task)}
    task = tasks[sys.argv[2]]
    if task == "enrol":
        (directory / "given").write_bytes(sys.stdin.buffer.read())
    with (directory / "runs").open("a") as runs:
        runs.write(f"{task}\n")
    behaviour = directory / "behaviour"
    return BEHAVIOURS[behaviour.read_text().strip() if behaviour.exists() else "ok"](task)


if __name__ == "__main__":
    sys.exit(main())
