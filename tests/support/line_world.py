"""A hub with one pack of films, and what fetches it or its bundle over a bad line."""

import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

from cache.blobs import BlobStore
from cache.catalogue_reader import CatalogueReader
from cache.line_settings import write_line_settings
from cache.state import StateDirectory
from core.line.settings import FULL, LineSettings
from sync.identity import load_identity
from tests.support.fetchers import TARGET, Fetcher, Outcome, Place, command, run_until_done
from tests.support.flaky_line import Flaws
from tests.support.flaky_proxy import Count, FlakyProxy
from tests.support.small_world import end, first_line, packhorse, set_hub, start

PACK: Final = "gd/zhuhai/films"
_PLACE: Final = "gd/zhuhai"
_START_SECONDS: Final = 20


@dataclass(frozen=True)
class Result:
    """What one program took.

    Attributes:
        fetcher: the program.
        content: bytes of the bundle.
        count: what crossed the line.
        outcome: how the program did.
        is_right: whether the content is here, bit by bit.
    """

    fetcher: Fetcher
    content: int
    count: Count
    outcome: Outcome
    is_right: bool

    @property
    def bytes_ratio(self) -> float:
        """Bytes of IP over those of the content."""
        return self.count.wire / self.content

    @property
    def start_seconds(self) -> float:
        """How long the program took to start, which the line has no part in."""
        return (self.count.first or self.outcome.ended) - self.outcome.begun

    @property
    def seconds(self) -> float:
        """From its first connection to its end."""
        return self.outcome.ended - self.outcome.begun - self.start_seconds

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end by itself, and rightly."""
        return self.outcome.complete and self.is_right


class LineWorld:
    """A hub, rsync's daemon beside it, and a node that has polled and has nothing yet.

    Args:
        path: where all of it lies.
        sizes: bytes of the films.
        encrypted: whether the hub speaks TLS.
    """

    def __init__(self, path: Path, sizes: list[int], *, encrypted: bool) -> None:
        self._path = path
        self._encrypted = encrypted
        self._films = {f"{n}.mp4": Random(n).randbytes(size) for n, size in enumerate(sizes)}
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        hub = self._path / "hub"
        tls = "--tls" if self._encrypted else "--no-tls"
        packhorse("hub", "init", hub, "--publisher", _PLACE)
        serving = start(self._path, "packhorse", "hub", "serve", hub, "--listen", "127.0.0.1:0",
                        tls, "--json")  # fmt: skip
        self._processes.append(serving)
        self._hub = str(first_line(serving)["listening"])
        token = packhorse("hub", "token", hub, "school-1", "--hub-url", self._hub).strip()
        node = self._path / "node"
        packhorse("node", "enrol", token, "--state", node)
        (node / "node.toml").write_text("[disk]\nfloor_mb = 0\n")
        whole = LineSettings(week=(FULL,) * 7 * 24)
        write_line_settings(StateDirectory(node).line_settings, whole)
        # Nodes are there before what is published.
        subprocess.run(command("packhorse", Place("", node)), check=True, capture_output=True)
        self._publish(hub)
        bundles = (hub / "repository" / "bundles").rglob("*")
        self._bundle = max(
            (one for one in bundles if one.is_file()), key=lambda f: f.stat().st_size
        )
        self.content = self._bundle.stat().st_size
        self._rsync = self._start_rsync(hub / "repository") if shutil.which("rsync") else 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            end(process, signal.SIGTERM)

    def fetch(self, fetcher: Fetcher, flaws: Flaws, name: str, limit: float) -> Result:
        """Fetch everything once over a line of its own.

        Args:
            fetcher: with which program.
            flaws: how bad the line is.
            name: of a new folder for it.
            limit: seconds after which nobody waits any longer.
        """
        folder = self._path / name
        port = self._rsync if fetcher == "rsync" else int(self._hub.rpartition(":")[2])
        with FlakyProxy(port, flaws) as line:
            place = self._place(fetcher, folder, line.port)
            log = folder.with_suffix(".log")
            outcome = run_until_done(command(fetcher, place), log, limit)
            count = line.count()
        is_right = self._is_here(folder) if fetcher == "packhorse" else self._is_copied(folder)
        return Result(fetcher, self.content, count, outcome, is_right)

    def _place(self, fetcher: Fetcher, folder: Path, port: int) -> Place:
        bundle = self._bundle.relative_to(self._path / "hub" / "repository")
        if fetcher == "packhorse":
            shutil.copytree(self._path / "node", folder, symlinks=True)
            scheme = self._hub.partition(":")[0]
            set_hub(StateDirectory(folder), f"{scheme}://127.0.0.1:{port}")
            return Place("", folder)
        folder.mkdir()
        if fetcher == "rsync":
            return Place(f"rsync://127.0.0.1:{port}/repository/{bundle}", folder)
        if self._encrypted:
            state = StateDirectory(self._path / "node")
            authority = state.keys / load_identity(state).authority
            return Place(f"https://127.0.0.1:{port}/{bundle}", folder, authority)
        return Place(f"http://127.0.0.1:{port}/{bundle}", folder)

    def _publish(self, hub: Path) -> None:
        course = self._path / "course"
        course.mkdir()
        for name, data in self._films.items():
            (course / name).write_bytes(data)
        (course / "pack.toml").write_text(f'id = "{PACK}"\nversion = 1\nrenditions = []\n')
        key = hub / "keys" / f"publisher.{_PLACE.replace('/', '.')}.pem"
        packhorse("pack", "publish", course, "--repository", hub / "repository", "--key", key,
                  "--workspace", self._path / "workspace", "--level", 1, "--yes")  # fmt: skip

    def _start_rsync(self, repository: Path) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        config = self._path / "rsyncd.conf"
        config.write_text(
            f"use chroot = no\naddress = 127.0.0.1\nport = {port}\nuid = 0\ngid = 0\n"
            f"pid file = {self._path}/rsyncd.pid\n[repository]\npath = {repository}\n"
        )
        words = ["rsync", "--daemon", "--no-detach", f"--config={config}"]
        self._processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL))
        for _ in range(_START_SECONDS * 20):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.05):
                return port
        raise AssertionError(sys.executable)

    def _is_copied(self, folder: Path) -> bool:
        file = folder / TARGET
        return file.is_file() and file.read_bytes() == self._bundle.read_bytes()

    def _is_here(self, folder: Path) -> bool:
        state = StateDirectory(folder)
        with closing(CatalogueReader(state.catalogue)) as reader:
            blobs = BlobStore(state.blobs)
            found = {
                file.path: blobs.path(file.digest).read_bytes()
                for item in reader.items(PACK)
                if item.is_served
                for file in reader.files(PACK, item.id)
            }
        return found == self._films
