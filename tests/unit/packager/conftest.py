"""Folders to pack, and the command line in this process."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from packhorse.dispatch import main
from tests.support.tiny_repository import TinyRepository

PACK = 'id = "demo/county/fish"\nrenditions = []\n'


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def fill(folder: Path, files: Mapping[str, bytes | str], toml: str = PACK) -> Path:
    """Write files and pack.toml."""
    for path, content in {"pack.toml": toml, **files}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``packhorse`` with arguments; gives exit code and output."""

    def run_it(*arguments: object) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run_it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one lesson of each of several kinds."""
    return fill(
        tmp_path / "course",
        {
            "01 分数.mp4": bytes(range(256)) * 1000,
            "01 分数.zh.vtt": "WEBVTT\n",
            "02 page/index.html": "<title>Fish &amp; chips</title><img src=img/a.png>",
            "02 page/img/a.png": b"\x89PNG" + bytes(5000),
            "03 sheet.pdf": b"%PDF-1.4\n" + b"work " * 400,
        },
    )


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    """A repository with one publisher, demo/county."""
    return TinyRepository(tmp_path / "hub")
