"""The demo's world: directories and processes, started as a person would and always ended."""

import json
import os
import signal
import subprocess
import sys
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


class StepFailedError(PackhorseError):
    """A command of the demo did not do what the story needs."""

    exit_code = ExitCode.BUG


@dataclass
class World:
    """Where the demo happens.

    Attributes:
        folder: holds everything: course, hub, node, logs.
        quiet: whether commands' narration is kept to the logs.
    """

    folder: Path
    quiet: bool = False
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

    def run(self, *words: str, expect: Sequence[int] = (0,)) -> str:
        """Run one ``packhorse`` command as a person would; its narration goes to the screen.

        Returns:
            What it printed on stdout.

        Raises:
            StepFailedError: it ended with another exit code than expected.
        """
        with (self.folder / "commands.log").open("a", encoding="utf-8") as log:
            log.write(f"$ packhorse {' '.join(words)}\n")
            log.flush()
            done = subprocess.run(
                [*_packhorse(), *words],
                check=False,
                stdout=subprocess.PIPE,
                stderr=log if self.quiet else None,
                text=True,
                timeout=COMMAND_SECONDS,
            )
            log.write(done.stdout)
        if done.returncode not in expect:
            raise StepFailedError(
                "`packhorse {command}` ended with exit code {code}.",
                hint="Its words are in {log}.",
                command=" ".join(words[:2]),
                code=done.returncode,
                log=self.folder / "commands.log",
            )
        return done.stdout

    def data(self, *words: str, expect: Sequence[int] = (0,)) -> Any:  # noqa: ANN401 - whatever JSON the command prints
        """Run one command with ``--json`` and give its data."""
        return json.loads(self.run(*words, "--json", expect=expect))

    def start(self, name: str, *words: str) -> subprocess.Popen[str]:
        """Start a ``packhorse`` command that keeps running; its narration goes to a log."""
        process = self.start_program(name, [*_packhorse(), *words])
        self._processes.append(process)
        return process

    def start_program(self, name: str, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start any program with its output readable and its narration in ``name``.log."""
        with self.log(name).open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        """Where the narration of a started command goes."""
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of a started command's narration."""
        lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def stop_all(self) -> None:
        """End every started process, the last first; kill what does not end by itself."""
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
    except StepFailedError:
        click.echo(f"Logs are in {world.folder}", err=True)
        raise
    finally:
        world.stop_all()


def _packhorse() -> list[str]:
    return [sys.executable, "-m", "packhorse"]
