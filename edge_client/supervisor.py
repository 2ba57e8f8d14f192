"""Runs the node's two processes and starts again the one that dies.

Rules:
    - The portal and the agent do not depend on each other: one that dies is started again with
      back-off, and the other goes on.
    - SIGTERM and SIGINT are passed on; a process that does not end in time is killed.
    - Their output goes where this process's output goes.

Standard library only, and little of it: this process stays for years on a small machine. It
must not import anything of the project. Non-goal: systems with systemd, where each process is
a unit of its own.
"""

import os
import select
import signal
import subprocess
import sys
import time

FIRST_DELAY = 1.0
LARGEST_DELAY = 60.0
# A process that ran this long had started well: its next delay is the first again.
WELL_SECONDS = 60.0
STOP_SECONDS = 20.0
# Failures in a row after which it is said that something is wrong for good.
WORRYING = 5
# Not enrolled yet: that is no failure, and passes when a person enrols the machine.
NO_STATE = 10
NO_STATE_DELAY = 5.0
FOREVER_WRONG = {2: "its configuration or its call is wrong", 11: "it is running already"}
PARTS = ("portal", "agent")


class Part:
    """One process that is kept running."""

    def __init__(self, name: str, command: list[str]) -> None:
        """Remember how it is started."""
        self.name = name
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due = 0.0
        self.failures = 0

    def start(self, now: float) -> None:
        """Start the process."""
        self.started = now
        try:
            self.process = subprocess.Popen(self.command)
        except OSError as error:
            # No memory for a moment, say; the other process must not lose its keeper.
            self.fail(now, f"cannot be started: {error.strerror}", "the machine is overloaded")
            return
        if not self.failures:
            say(f"{self.name} started (process {self.process.pid})")

    def look(self, now: float) -> None:
        """Start the process if it is due; note its end, say why, and when it starts again."""
        if self.process is None:
            if now >= self.due:
                self.start(now)
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        if code == NO_STATE:
            self.due = now + NO_STATE_DELAY
            if not self.failures:
                say(f"{self.name} waits until this machine is enrolled")
            self.failures = self.failures or 1
            return
        self.fail(now, ending(code), FOREVER_WRONG.get(code, "the lines above say why"))

    def fail(self, now: float, how: str, why: str) -> None:
        """Note a failure, and when it is tried again."""
        self.failures = 1 if now - self.started >= WELL_SECONDS else self.failures + 1
        delay = min(LARGEST_DELAY, FIRST_DELAY * 2 ** min(self.failures - 1, 10))
        self.due = now + delay
        say(f"{self.name} {how}; it starts again in {delay:.0f} s")
        if self.failures % WORRYING == 0:
            say(f"{self.name} has ended {self.failures} times in a row: {why}")


def say(sentence: str) -> None:
    """Narrate on stderr."""
    os.write(2, f"supervisor: {sentence}\n".encode())


def ending(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        # Not every number has a name: the real-time signals have none.
        names = {number.value: number.name for number in signal.Signals}
        return f"was killed by {names.get(-code, f'signal {-code}')}"
    return f"ended with exit code {code}"


def run(parts: list[Part]) -> int:
    """Keep all parts running until SIGTERM or SIGINT; give the exit code."""
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    stop: list[int] = []
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    # The end of a process must wake the loop; its default action would not.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _frame: stop.append(caught))
    while not stop:
        now = time.monotonic()
        for part in parts:
            part.look(now)
        waits = [max(0.0, part.due - now) for part in parts if part.process is None]
        select.select([wake], [], [], min(waits, default=None))
        drain(wake)
    return end(parts)


def drain(descriptor: int) -> None:
    """Empty the pipe that signals write to."""
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        pass


def end(parts: list[Part]) -> int:
    """Ask all parts to end, and kill those that do not."""
    running = [part.process for part in parts if part.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    say("stopped")
    return 0


def main(arguments: list[str]) -> int:
    """Run portal and agent; ``arguments`` (``--state DIR``) go to both."""
    return run(
        [Part(name, [sys.executable, "-m", f"edge_client.{name}", *arguments]) for name in PARTS]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
