"""Full bundles are the same, however many processes compress their blocks."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from core.bundle.codecs import STORED, ZSTD
from core.bundle.index import MAX_BLOCK_BYTES
from core.errors import UsageError
from packager import compressing
from packager.compressing import Compressing, Made
from tests.support.packing import build, bundle_bytes, tools_in, write_tree

NOISE = random.Random(3).randbytes(1_500_000)
# Of its two blocks the first is compressed in vain, and stored: samples are taken in the middle.
HALF_NOISE = random.Random(5).randbytes(MAX_BLOCK_BYTES) + b"lines of text\n" * 1_190_000
COURSE = {
    **{f"{n:02}/page.html": f"<p>{n * n}</p>".encode() * 30_000 for n in range(12)},
    "large.txt": b"".join(b"%d lines\n" % n for n in range(200_000)),
    "noise.txt": HALF_NOISE,
    "film.mp4": NOISE[::-1],
}


@pytest.fixture(params=[0, 1 << 40], ids=["processes", "here"])
def worth(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(compressing, "_WORTH_PROCESSES", request.param)
    return int(request.param)


def test_each_way_gives_the_same_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[int, bytes]] = []
    for name, size in (("here", 1 << 40), ("processes", 0)):
        monkeypatch.setattr(compressing, "_WORTH_PROCESSES", size)
        tools = tools_in(tmp_path / name)
        write_tree(tmp_path / "course", COURSE)
        made.append(bundle_bytes(build(tmp_path / "course", tools, 1, []), tools))
    assert made[0] == made[1]


def test_what_changes_after_it_was_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0
    begin = Compressing.begin

    def begin_and_change(self: Compressing, data: bytes) -> Callable[[], Made]:
        nonlocal begun
        begun += 1
        # The manifest's block, and both of the file.
        if begun == 3:
            blobs = (tmp_path / "work").glob("blobs/*/*")
            [blob] = [one for one in blobs if one.stat().st_size == len(HALF_NOISE)]
            with blob.open("r+b") as file:
                file.write(b"changed")
        return begin(self, data)

    monkeypatch.setattr(compressing, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(Compressing, "begin", begin_and_change)
    write_tree(tmp_path / "course", {"noise.txt": HALF_NOISE})
    with pytest.raises(UsageError, match="changed"):
        build(tmp_path / "course", tools_in(tmp_path / "work"), 1, [])
    assert begun == 3


def test_blocks_come_as_they_were_begun(worth: int) -> None:
    blocks = [b"%d " % n * 1000 for n in range(9)]
    with Compressing(3, 1) as by:
        assert bool(by.most) == (not worth)
        waiting = [by.begin(block) for block in [*blocks, NOISE]]
        made = [one() for one in waiting]
    assert [codec for codec, _ in made] == [ZSTD] * 9 + [STORED]
    assert len({payload for _, payload in made}) == len(made)
