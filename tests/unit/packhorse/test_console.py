"""Every console is good enough: code pages that lack characters, and readers that leave."""

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from packhorse import console

TITLE = "Größe – 分数 ɑ ᠮᠣᠩᠭᠣᠯ 🐎"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack whose titles no code page has all of."""
    place = tmp_path / "course"
    place.mkdir()
    (place / "pack.toml").write_text(f'id = "gd/zhuhai/x"\ntitle = "{TITLE}"\n', "utf-8")
    (place / f"{TITLE}.txt").write_text("text", "utf-8")
    (place / ".left out ᠮ").write_text("", "utf-8")
    return place


def run(encoding: str, *arguments: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "packhorse", *map(str, arguments)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_a_table_arrives_on_every_code_page(folder: Path, encoding: str) -> None:
    code, out, err = run(encoding, "pack", "check", folder)
    assert (code, err) == (0, "")
    assert "gd/zhuhai/x: Gr" in out
    assert "\\ud83d\\udc0e" in out
    assert ("分数" in out) is (encoding == "gbk")


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_data_stays_the_same_data(folder: Path, encoding: str) -> None:
    code, out, _ = run(encoding, "pack", "check", folder, "--json")
    assert code == 0
    assert json.loads(out)["title"] == {"zh": TITLE}


@pytest.mark.parametrize("encoding", ["gbk", "cp1252"])
def test_an_error_arrives_on_every_code_page(tmp_path: Path, encoding: str) -> None:
    code, out, err = run(encoding, "pack", "check", tmp_path / "没有 ᠮ")
    assert (code, out) == (2, "")
    assert "\\u182e is not a folder" in err
    assert ("没有" in err) is (encoding == "gbk")


def test_help_arrives_on_every_code_page() -> None:
    for arguments in (["--help"], ["pack", "publish", "--help"], ["key", "--help"]):
        assert run("cp1252", *arguments)[0] == 0


def test_only_what_cannot_be_written_is_escaped() -> None:
    console.prepare()
    assert "a数\u1820🐎\udcff".encode("gbk", "packhorse-escape") == (
        "a数".encode("gbk") + rb"\u1820\ud83d\udc0e\udcff"
    )


class Broken(io.StringIO):
    """A pipe on Windows whose reader has left."""

    def flush(self) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")


def test_a_reader_that_leaves_on_windows_is_told_from_a_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    invalid = OSError(errno.EINVAL, "Invalid argument")
    assert not console.reader_left(invalid)
    monkeypatch.setattr(sys, "stdout", Broken())
    assert console.reader_left(invalid)
    assert not console.reader_left(OSError(errno.ENOSPC, "full"))


def test_pack_and_key_need_no_other_extra() -> None:
    script = """
import sys
others = ["aiohttp", "httpx", "jinja2", "segno", "sqlalchemy", "sqlite_utils", "textual"]
for name in [*others, "edge_client", "hub", "resource", "sync", "tui"]:
    sys.modules[name] = None
import importlib, pkgutil, packager
from packhorse.dispatch import main
for module in pkgutil.walk_packages(packager.__path__, "packager."):
    importlib.import_module(module.name)
main(sys.argv[1:])
"""
    for words, said in ((["pack", "--help"], b"publish"), (["key", "new", "--help"], b"FILE")):
        done = subprocess.run(
            [sys.executable, "-c", script, *words], check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
