"""A build in a process of its own, which gives its memory back and can be ended at any time."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from core.codec import convert
from core.control import Wording

_LAST_LINES: Final = 20


@dataclass(frozen=True)
class Result:
    """What a build came to.

    Attributes:
        data: what it printed, if it came to an end.
        error: what was wrong, if it did not.
    """

    data: dict[str, Any] | None = None
    error: Wording | None = None


def build(folder: Path, options: Sequence[str], progress: Callable[[Any], None]) -> Result:
    """Build a folder's pack.

    Args:
        folder: the folder.
        options: of ``pack build``.
        progress: is told each step.
    """
    command = [sys.executable, "-P", "-m", "packhorse", "pack", "build", str(folder)]
    command += ["--json", "--progress", "json", *options]
    with TemporaryFile() as sink:
        with subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=sink, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        ) as child:
            try:
                error, words = _followed(child, progress)
            except BaseException:
                # What is finished is kept.
                child.terminate()
                raise
        if child.returncode == 0:
            sink.seek(0)
            return Result(data=json.load(sink))
    return Result(error=error or Wording(template="{words}", fields={"words": "\n".join(words)}))


def _followed(
    child: "subprocess.Popen[str]", progress: Callable[[Any], None]
) -> tuple[Wording | None, list[str]]:
    """Read what a build tells while it runs; give its error, and its last words besides."""
    error: Wording | None = None
    words: list[str] = []
    for line in child.stderr or ():
        told = _told(line)
        if told is None:
            words = [*words, line.rstrip()][-_LAST_LINES:]
        elif "error" in told:
            error = convert(told["error"], Wording)
        else:
            progress(told)
    return error, words


def _told(line: str) -> dict[str, Any] | None:
    """Read a line for programs; None for one that is for people."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
