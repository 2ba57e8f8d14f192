"""``pack watch``: a real folder, a real process, and what people and programs do to files."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from tests.unit.packager.conftest import PACK, fill
from tests.unit.packager.watching.test_unfinished import FILM, FTYP, MOOV

PATIENCE = 60
COMMAND = [sys.executable, "-m", "packhorse", "pack", "watch"]


class Watching:
    """A watching process, and what it tells."""

    def __init__(
        self, folder: Path, *options: str, before: Sequence[str] = (), language: str = "en"
    ) -> None:
        words = [*before, *COMMAND, str(folder), "--quiet", "1", *options]
        environment = {**os.environ, "LC_ALL": f"{language}.UTF-8", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, process_group=0, env=environment
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        # Before what it reads is closed.
        self._reading.join(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()

    def line(self) -> str:
        """Give the next line."""
        return self._lines.get(timeout=PATIENCE)

    def until(self, *events: str) -> Any:
        """Give the next event of some kinds; no other may be an error or a build."""
        while True:
            told = json.loads(self.line())
            if told["event"] in events:
                return told
            assert told["event"] not in {"built", "error", "stopped"}, told

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing is said for so long."""
        try:
            self._lines.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def end(self) -> int:
        """End it as Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "course", {"a.html": "<p>a</p>"})


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    """A watching process that has built the folder once."""
    with Watching(folder, "--json") as one:
        assert one.until("watching")["by"] == "events"
        assert one.until("built")["files"] == 1
        yield one


def test_it_builds_after_changes_and_ends_with_a_sentence(folder: Path, watching: Watching) -> None:
    (folder / "b.html").write_text("<p>b</p>")
    assert watching.until("changed")["path"] == "b.html"
    assert watching.until("built")["files"] == 2
    # An editor's way: what it writes first is gone when it is quiet.
    (folder / "b.html.tmp").write_text("<p>b, edited</p>")
    (folder / "b.html.tmp").rename(folder / "b.html")
    assert watching.until("built")["files"] == 2
    # Its own files, and hidden ones, are no change.
    (folder / ".hidden").write_text("x")
    assert watching.is_silent(3)
    assert watching.end() == 0
    assert json.loads(watching.line())["event"] == "stopped"


def test_what_is_wrong_is_said_once_and_it_goes_on(folder: Path, watching: Watching) -> None:
    (folder / "pack.toml").write_text("id = 3\n")
    assert watching.until("error")["fields"]["key"] == "id"
    assert watching.is_silent(3)
    (folder / "pack.toml").write_text(PACK)
    assert watching.until("built")["files"] == 1


@pytest.mark.slow
def test_it_waits_for_a_copy_that_pauses(folder: Path, watching: Watching) -> None:
    with (folder / "film.bin").open("wb") as copy:
        copy.write(bytes(100_000))
        copy.flush()
        told = watching.until("waiting")
        assert (told["path"], told["why"]) == ("film.bin", "held")
        assert watching.is_silent(4)
        copy.write(bytes(100_000))
    assert watching.until("built")["content_bytes"] == 200_008


@pytest.mark.slow
def test_it_waits_for_a_film_that_is_rendered_bit_by_bit(folder: Path, watching: Watching) -> None:
    film = FTYP + FILM * 5 + MOOV
    for end in (50, 300, len(film) - 4):
        (folder / "film.mp4").write_bytes(film[:end])
        told = watching.until("waiting")
        assert (told["path"], told["why"]) == ("film.mp4", "cut_off")
        time.sleep(2)
    (folder / "film.mp4").write_bytes(film)
    assert watching.until("built")["content_bytes"] == 8 + len(film)


@pytest.mark.slow
def test_it_waits_for_a_file_that_grows_slowly(folder: Path, watching: Watching) -> None:
    for _ in range(8):
        with (folder / "text.txt").open("ab") as file:
            file.write(b"more")
        time.sleep(0.6)
    assert watching.until("built")["content_bytes"] == 8 + 8 * 4


@pytest.mark.slow
def test_it_polls_when_it_is_told_to(folder: Path) -> None:
    with Watching(folder, "--json", "--poll") as one:
        assert one.until("watching")["by"] == "polling"
        one.until("built")
        (folder / "b.html").write_text("<p>b</p>")
        assert one.until("built")["files"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("what", ["watches", "instances"])
def test_it_polls_where_the_system_watches_no_more(folder: Path, what: str) -> None:
    limited = f'echo 0 > /proc/sys/user/max_inotify_{what} && exec "$@"'
    before = ["unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh"]
    with Watching(folder, "--json", before=before) as one:
        assert one.until("watching")["why"] == "limit"
        one.until("built")
        (folder / "b.html").write_text("<p>b</p>")
        assert one.until("built")["files"] == 2


@pytest.mark.slow
def test_a_folder_that_was_away_is_built_when_it_is_back(folder: Path, watching: Watching) -> None:
    away = folder.with_name("away")
    folder.rename(away)
    watching.until("error")
    away.rename(folder)
    (folder / "b.html").write_text("<p>b</p>")
    assert watching.until("built")["files"] == 2


@pytest.mark.slow
def test_it_speaks_chinese(folder: Path) -> None:
    with Watching(folder, language="zh_CN") as one:
        assert "正在留意" in one.line()
        while "已做好" not in (line := one.line()):
            assert "demo" not in line
        assert one.end() == 0
        assert "已停止留意" in one.line()
