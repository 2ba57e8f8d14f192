"""Files that are still being written."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from packager.watching.bell import is_on_network
from packager.watching.snapshot import snapshot_of
from packager.watching.unfinished import HELD, held, is_cut_off, is_temporary
from tests.support.archives import zip_of

FTYP = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0)
MOOV = struct.pack(">I4s", 8, b"moov")
FILM = struct.pack(">I4s", 108, b"mdat") + bytes(100)
LONG = struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100)
OPEN = struct.pack(">I4s", 0, b"mdat") + bytes(50)
ZIP = zip_of({"a.txt": b"text" * 100})


@pytest.mark.parametrize(
    "data",
    [FTYP + MOOV + FILM, FTYP + FILM + MOOV, FTYP + LONG + MOOV, ZIP],
    ids=["index first", "index last", "long", "archive"],
)
def test_a_file_whose_end_is_missing_is_told_from_a_whole_one(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "x"
    place.write_bytes(data)
    assert not is_cut_off(place)
    for length in (len(data) - 1, len(data) // 2):
        place.write_bytes(data[:length])
        assert is_cut_off(place)


def test_a_film_may_go_on_to_the_end_of_its_file(tmp_path: Path) -> None:
    place = tmp_path / "x.mp4"
    place.write_bytes(FTYP + MOOV + OPEN)
    assert not is_cut_off(place)


def test_a_film_that_is_still_rendered_is_cut_off(tmp_path: Path) -> None:
    place = tmp_path / "x.mp4"
    for data in (FTYP + FILM, FTYP + OPEN):
        place.write_bytes(data)
        assert is_cut_off(place)


@pytest.mark.parametrize("data", [b"", b"PK", b"any text", bytes(5000), b"%PDF-1.4\n"])
def test_what_is_not_known_counts_as_whole(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "x.mp4"
    place.write_bytes(data)
    assert not is_cut_off(place)


def test_names_of_what_is_not_finished() -> None:
    assert is_temporary("a/film.mp4.part")
    assert is_temporary("film.CRDOWNLOAD")
    assert not is_temporary("part/film.mp4")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_file_that_another_process_writes_is_found(tmp_path: Path) -> None:
    for name in ("read.txt", "written 一.txt"):
        (tmp_path / name).write_bytes(b"")
    program = (
        "import sys; a = open('read.txt'); b = open('written 一.txt', 'ab');"
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout
        child.stdout.readline()
        found = held(tmp_path, {"read.txt", "written 一.txt"})
        assert held(tmp_path, {"read.txt"}) is None
        child.communicate()
    assert found
    assert (found.path, found.why) == ("written 一.txt", HELD)
    assert found.process.startswith("python")
    assert held(tmp_path, {"read.txt", "written 一.txt"}) is None


def test_a_snapshot_has_what_a_pack_may_have(tmp_path: Path) -> None:
    for path in ("pack.toml", "a/b.txt", ".packhorse/blobs/x", "a/.hidden", "Thumbs.db"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"1")
    (tmp_path / "broken").symlink_to("nowhere")
    before = snapshot_of(tmp_path)
    assert set(before) == {"pack.toml", "a/b.txt"}
    os.utime(tmp_path / "a/b.txt", (1, 1))
    assert snapshot_of(tmp_path) != before
    assert snapshot_of(tmp_path / "nowhere") == {}


def test_a_folder_on_this_computer_is_not_on_the_network(tmp_path: Path) -> None:
    assert not is_on_network(tmp_path)
