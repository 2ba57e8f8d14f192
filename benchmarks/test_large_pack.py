"""A pack of 2 GB and 40 lessons: what building takes, and building again after a change.

Each build is a process of its own. Memory is that of all its processes together.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.large.memory import ran
from benchmarks.large.pack import lesson, write_pack, write_version, write_video

PACK_BYTES = 2_000_000_000
# The pack, its copy in the workspace, a full bundle of each version, and what is unfinished.
DISK_BYTES = 6 * PACK_BYTES
MEMORY_GATE = 2_000_000_000
REBUILD_GATE_SECONDS = 30.0

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Built:
    """What a build took, and what it came to.

    Attributes:
        work: seconds of CPU, which are the same whatever else the machine does.
        memory: bytes.
        bundles: bytes of each by its base, 0 for the full one.
    """

    work: float
    memory: int
    bundles: dict[int, int]


def built(folder: Path, what: str) -> Built:
    """Build the pack, and print what it took."""
    workspace = folder.parent / "workspace"
    command = [sys.executable, "-m", "packhorse", "pack", "build", str(folder), "--json"]
    took = ran([*command, "--workspace", str(workspace)])
    data = json.loads(took.output)
    found = [*data["bundles"], *data["dropped"]]
    bundles = {one["base"]: one["bytes"] for one in found}
    sizes = ", ".join(f"from {base or 'nothing'} {size}" for base, size in bundles.items())
    print(
        f"{what}: {took.seconds:.1f} s ({took.work:.1f} s of CPU),"
        f" {took.memory / 1e6:.0f} MB of memory; bytes {sizes}",
        flush=True,
    )
    return Built(took.work, took.memory, bundles)


def test_a_large_pack_is_built_in_little_memory_and_built_again_in_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shutil.disk_usage(tmp_path).free > DISK_BYTES, "not enough free space"
    folder = tmp_path / "pack"
    write_pack(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with capsys.disabled():
        print(f"\n{size / 1e9:.2f} GB in {len(list(folder.iterdir())) - 1} lessons")
        first = built(folder, "from nothing")
        page = lesson(folder, 7) / "index.html"
        page.write_text(page.read_text() + "<p>One paragraph more.</p>\n")
        write_version(folder, 2)
        text = built(folder, "a page changed")
        write_video(lesson(folder, 11) / "lesson.mp4", 1000)
        write_version(folder, 3)
        video = built(folder, "a video replaced")
        unchanged = built(folder, "nothing changed")
    assert size >= PACK_BYTES
    assert max(one.memory for one in (first, text, video, unchanged)) < MEMORY_GATE
    assert max(one.work for one in (text, video, unchanged)) < REBUILD_GATE_SECONDS
    assert text.bundles[1] < 1000
    video_bytes = (lesson(folder, 11) / "lesson.mp4").stat().st_size
    assert video.bundles[2] < 1.005 * video_bytes
