"""Importing a stick, against copying and hashing the same files.

Both read the same bundle files from a directory, make what they write durable, and hash every
byte. The figure of merit is the ratio of their rates; each is the best of some runs.
"""

import hashlib
import os
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cache.clock import Clock
from sync.stick.importing import run_import
from tests.support.sticks import OfflineNode, mirror, put_setup
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/films"
MIB = 1024 * 1024
# As a term's lessons are: some long films, many short ones, many small files.
SIZES = [96 * MIB] * 3 + [14 * MIB] * 18 + [400 * 1024] * 90
RUNS = 5
GATE = 0.8

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a stick with a pack of mostly incompressible media; give it and a setup file."""
    path = tmp_path_factory.mktemp("stick")
    hub = TinyHub(path)
    chance = random.Random(7)
    files = {f"film-{n:03}.mp4": chance.randbytes(size) for n, size in enumerate(SIZES)}
    files["page.html"] = b"".join(b"<p>%d</p>" % number for number in range(200_000))
    publish_files(hub, PACK, files, 1)
    root = path / "stick"
    mirror(hub, root)
    setup = put_setup(hub, root)
    hub.close()
    return root, setup


def test_import_keeps_up_with_copying_and_hashing(stick: tuple[Path, Path], tmp_path: Path) -> None:
    root, setup = stick
    size = sum(path.stat().st_size for path in (root / "bundles").rglob("*") if path.is_file())
    copies, imports = [], []
    for number in range(RUNS):
        copies.append(copied(root, tmp_path / f"copy-{number}"))
        imports.append(imported(root, setup, tmp_path / f"node-{number}"))
    copy, taken = size / min(copies) / MIB, size / min(imports) / MIB
    print(
        f"\n{size / MIB:.0f} MiB by stick: import {taken:.0f} MiB/s,"
        f" copy and hash {copy:.0f} MiB/s, ratio {taken / copy:.2f} (gate {GATE})"
    )
    assert taken / copy >= GATE


def copied(root: Path, target: Path) -> float:
    """Copy and hash the repository's files, durably; give the seconds."""
    settle()
    begun = time.perf_counter()
    for path in sorted((root / "bundles").rglob("*")):
        if path.is_file():
            place = target / path.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            with place.open("rb") as file:
                hashlib.file_digest(file, "sha256")
                os.fsync(file.fileno())
    seconds = time.perf_counter() - begun
    shutil.rmtree(target)
    return seconds


def imported(root: Path, setup: Path, target: Path) -> float:
    """Import the stick on a new node; give the seconds."""
    node = OfflineNode(target)
    node.enrol(setup)
    settle()
    begun = time.perf_counter()
    summary = run_import(replace(node.context(None), clock=Clock()), root)
    seconds = time.perf_counter() - begun
    assert (summary.exit_code, summary.packs[0].complete) == (0, True)
    shutil.rmtree(target)
    return seconds


def settle() -> None:
    """Let nothing of what was before be written during the measurement."""
    os.sync()
