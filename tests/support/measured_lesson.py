"""A lesson that is built, and held to the figures of design section 9."""

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from core.manifest import Item, Manifest
from core.rendition import TICKS, Rendition
from packager.media import loudness, sound
from packager.media.probe import probe
from packager.media.source import Source
from packager.workspace import Workspace
from tests.support.lessons import SLIDE

if TYPE_CHECKING:
    from core.digest import Digest

# Bits a second, sound and container included.
RATES: Final = {"240p": 176_000, "audio": 48_000}


def built(folder: Path) -> tuple[Workspace, Manifest]:
    """Build a folder as an admin does; gives its workspace and manifest."""
    command = [sys.executable, "-m", "packhorse", "pack", "build", str(folder), "--level", "1"]
    subprocess.run(command, check=True, capture_output=True)
    workspace = Workspace(folder / ".packhorse")
    manifest = workspace.manifest_of(workspace.versions()[0])
    assert manifest is not None
    return workspace, manifest


def loudness_of(workspace: Workspace, item: Item, manifest: Manifest, one: Rendition) -> float:
    """Measure a rendition's loudness, LUFS."""
    digests: dict[str, Digest] = {f.path: f.digest for f in manifest.files_of(item)}
    source = Source(workspace.blob(digests[one.path]), one.path)
    facts = probe(source, lambda _: None)
    return loudness.measure(sound.frames(source, facts)).integrated


def check_lesson(folder: Path, seconds: int) -> list[str]:
    """Build a lesson of so many seconds and hold it to the figures; gives them in words."""
    began = time.monotonic()
    workspace, manifest = built(folder)
    took = time.monotonic() - began
    told = [f"built in {took:.0f} s: {took / seconds:.2f} of the lesson's length"]
    (item,) = manifest.items
    assert [one.name for one in item.renditions] == ["360p", "240p", "audio"]
    for one in item.renditions:
        found = loudness_of(workspace, item, manifest, one)
        told.append(f"{one.name}: {one.rate / 1000:.1f} kbit/s, {found:.2f} LUFS, {one.settings}")
        assert abs(found - loudness.TARGET) <= 1
        assert one.ticks / TICKS == pytest.approx(seconds, abs=0.1)
        if wanted := RATES.get(one.name):
            assert one.rate == pytest.approx(wanted, rel=0.15)
    pictures = item.renditions[-1].pictures
    sizes = {file.path: file.size for file in manifest.files}
    total = sum(sizes[one.path] for one in pictures)
    told.append(f"{len(pictures)} stills, {total / 1000:.0f} kB")
    assert total <= max(200_000, 2_000_000 * seconds / 2700)
    # Each change of slide that the budget has room for is there, and shown when it comes.
    at_changes = [one for one in pictures if one.at / 1000 % SLIDE < 1.5 or one.at == 0]
    assert len(at_changes) >= len(pictures) / 2
    return told
