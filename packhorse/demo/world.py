"""The demo's world: directories and processes, started as a person would and always ended."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import click

from core.errors import ExitCode, PackhorseError

START_SECONDS = 30.0
STOP_SECONDS = 10.0
COMMAND_SECONDS = 600.0
_LOG_TAIL_LINES = 15
_LONGEST_WORD = 60
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StepFailedError(PackhorseError):
    """A command of the demo did not do what the story needs."""

    exit_code = ExitCode.BUG


@dataclass
class World:
    """Where the demo happens.

    Attributes:
        folder: holds everything: course, hub, node, logs.
    """

    folder: Path
    _processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def course(self) -> Path:
        """The admin's folder."""
        return self.folder / "course"

    @property
    def hub(self) -> Path:
        """The hub's directory."""
        return self.folder / "hub"

    @property
    def node(self) -> Path:
        """The node's state directory."""
        return self.folder / "node"

    def run(self, *words: str, expect: Sequence[int] = (0,), given: str = "") -> str:
        """Run one ``packhorse`` command as a person would; its narration goes to the screen.

        Args:
            words: what stands after ``packhorse``.
            expect: exit codes that are no failure; a usage error among them is given as such.
            given: what it reads on stdin.

        Returns:
            What it printed on stdout.

        Raises:
            StepFailedError: it ended with another exit code than expected.
        """
        with (self.folder / "commands.log").open("a", encoding="utf-8") as log:
            log.write(f"$ packhorse {' '.join(words)}\n")
            log.flush()
            click.secho(f"  $ packhorse {_shown(words)}", err=True, dim=True)
            done = subprocess.run(
                [*_packhorse(), *words],
                check=False,
                input=given,
                stdout=subprocess.PIPE,
                text=True,
                timeout=COMMAND_SECONDS,
            )
            log.write(done.stdout)
        if done.returncode not in expect:
            raise StepFailedError(
                "`packhorse {command}` ended with exit code {code}.",
                hint="Its words stand above.",
                command=" ".join(words[:2]),
                code=done.returncode,
            )
        return done.stdout

    def data(self, *words: str, expect: Sequence[int] = (0,)) -> Any:  # noqa: ANN401 - whatever JSON the command prints
        """Run one command with ``--json`` and give its data."""
        return json.loads(self.run(*words, "--json", expect=expect))

    def start(self, name: str, *words: str) -> subprocess.Popen[str]:
        """Start a ``packhorse`` command that keeps running; its narration goes to a log."""
        click.secho(f"  $ packhorse {_shown(words)} &", err=True, dim=True)
        with self.log(name).open("a", encoding="utf-8") as log, _signals_held():
            process = subprocess.Popen(
                [*_packhorse(), *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            self._processes.append(process)
        return process

    def log(self, name: str) -> Path:
        """Where the narration of a started command goes."""
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of a started command's narration."""
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def stop_all(self) -> None:
        """End every started process, the last first; kill what does not end by itself."""
        with _signals_held():
            self._stop_all()

    def _stop_all(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_SECONDS)
        self._processes.clear()


def first_line_of_data(process: subprocess.Popen[str], world: World, name: str) -> dict[str, Any]:
    """Read the line of JSON by which a started command says that it is ready.

    Raises:
        StepFailedError: it ended, or said something else.
    """
    stream: IO[str] | None = process.stdout
    line = stream.readline() if stream else ""
    try:
        data = json.loads(line)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise StepFailedError(
            "The {name} did not start: {words}", name=name, words=world.last_words(name) or line
        )
    return data


@contextmanager
def living(world: World) -> Iterator[World]:
    """End the world's processes however the story ends."""
    try:
        yield world
    finally:
        world.stop_all()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let nobody's Ctrl-C fall between a process's start and its note, or its end.

    Raises:
        KeyboardInterrupt: one came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda got, _frame: came.append(got))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _shown(words: Sequence[str]) -> str:
    """Write a command as it would be typed; a token is shown in part."""
    return shlex.join(
        word if len(word) <= _LONGEST_WORD or "/" in word else f"{word[:12]}..." for word in words
    )


def _packhorse() -> list[str]:
    return [sys.executable, "-m", "packhorse"]
