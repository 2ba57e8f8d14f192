"""Programs that fetch a file over a bad line, each started again until it says that it is done."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

Fetcher = Literal["packhorse", "wget", "curl", "aria2c", "rsync"]
PEERS: Final[tuple[Fetcher, ...]] = ("wget", "curl", "aria2c", "rsync")
TARGET: Final = "file"


class Outcome(NamedTuple):
    """How it went.

    Attributes:
        begun: when it was first started, seconds.
        ended: when it last ended.
        starts: how often the program was started.
        complete: whether it said that it was done, in time.
        words: what its last run said last on stderr.
    """

    begun: float
    ended: float
    starts: int
    complete: bool
    words: str


@dataclass(frozen=True)
class Place:
    """Where a program fetches from and to.

    Attributes:
        url: the file's address; of rsync's daemon for rsync.
        folder: where to; the node's state for the node.
        authority: the server's authority, PEM; None where it is not encrypted.
    """

    url: str
    folder: Path
    authority: Path | None = None


def missing_programs() -> list[str]:
    """Name the peers that are not installed here."""
    return [one for one in PEERS if shutil.which(one) is None]


def command(fetcher: Fetcher, place: Place) -> list[str]:
    """Give the command of one run: to go on where the last one ended, without waits of its own."""
    target = str(place.folder / TARGET)
    trust = str(place.authority)
    match fetcher:
        case "packhorse":
            # What the agent starts when it is time to fetch.
            words = [sys.executable, "-m", "edge_client.worker", "pull"]
            return [*words, "--state", str(place.folder)]
        case "wget":
            words = ["wget", "-nv", "-c", "--tries=0", "--waitretry=0", "--timeout=20"]
            words += ["--retry-connrefused", *_if(place, f"--ca-certificate={trust}")]
            return [*words, "-O", target, place.url]
        case "curl":
            words = ["curl", "-sS", "--fail", "-C", "-", "--speed-time", "20", "--speed-limit", "1"]
            return [*words, *_if(place, "--cacert", trust), "-o", target, place.url]
        case "aria2c":
            words = ["aria2c", "-q", "-c", "--max-tries=0", "--retry-wait=0", "--timeout=20"]
            words += ["--file-allocation=none", *_if(place, f"--ca-certificate={trust}")]
            return [*words, "--dir", str(place.folder), "-o", TARGET, place.url]
        case "rsync":
            words = ["rsync", "-q", "--partial", "--append-verify", "--timeout=20"]
            return [*words, place.url, target]


def _if(place: Place, *words: str) -> Sequence[str]:
    return words if place.authority is not None else ()


def run_until_done(words: list[str], log: Path, limit: float) -> Outcome:
    """Start a program again and again until it says that it is done.

    Args:
        words: its command.
        log: takes what it says on stderr.
        limit: seconds after which nobody waits any longer.
    """
    begun = time.monotonic()
    starts = 0
    while (left := begun + limit - time.monotonic()) > 0:
        starts += 1
        with log.open("ab") as errors:
            try:
                done = subprocess.run(
                    words,
                    check=False,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=left,
                )
            except subprocess.TimeoutExpired:
                break
        if done.returncode == 0:
            return Outcome(begun, time.monotonic(), starts, True, "")
        # Whoever cannot even start must not do so a thousand times a second.
        time.sleep(0.02)
    return Outcome(begun, time.monotonic(), starts, False, _last_line(log))


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else ""
