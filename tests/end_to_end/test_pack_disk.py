"""What the packager says a version takes on a disk is what a node then reserves and keeps."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from cache.space import reserve
from sync.pull import bundles
from tests.support.http_repository import HttpRepository
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository
from tests.unit.packager.conftest import fill

PACK = "demo/county/fish"
TOML = f'id = "{PACK}"\nrenditions = []\n'


def publish(
    folder: Path, tiny: TinyRepository, capfd: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """Publish a folder; give the quote."""
    from packhorse.dispatch import main

    capfd.readouterr()
    with pytest.raises(SystemExit):
        main(
            [
                *("pack", "publish", str(folder), "--repository", str(tiny.directory)),
                *("--key", str(tiny.publisher_key_file), "--wait", "0", "--level", "3", "--json"),
            ]
        )
    quote: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert tiny.sequence() == 1
    return quote


def on_disk(node: Node) -> int:
    """Give the bytes of a node's blobs."""
    return sum(path.stat().st_size for path in node.state.blobs.glob("*/*"))


def test_a_node_reserves_and_keeps_what_the_quote_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    noise, more = chance.randbytes(1_500_000), chance.randbytes(2_500_000)
    text = "\n".join(f"line {number * number}" for number in range(40_000))
    files: dict[str, bytes | str] = {"a.mp4": noise, "b.txt": text, "c.txt": "c" * 9000}
    folder = fill(tmp_path / "course", files, TOML)
    reserved: list[int] = []

    def noted(place: Path, needed: int, *, what: str, floor: int | None = None) -> None:
        reserved.append(needed)
        reserve(place, needed, what=what, floor=floor)

    monkeypatch.setattr(bundles, "reserve", noted)
    tiny = TinyRepository(tmp_path / "hub")
    node = make_node(tmp_path / "node", tiny.root)
    for base in (0, 1):
        if base:
            (folder / "c.txt").unlink()
            (folder / "d.mp4").write_bytes(more)
            (folder / "b.txt").write_text(text.replace("line 49\n", "line 50\n"))
        quote = publish(folder, tiny, capfd)
        disk = next(one for one in quote["disk"] if one["base"] == base)
        before = on_disk(node)
        reserved.clear()
        with HttpRepository(tiny.directory) as server:
            assert node.pull(server.url).exit_code == 0
        # Only what is in the head of a delta is made before anything is reserved.
        assert 0.98 * disk["free_bytes"] <= sum(reserved) <= disk["free_bytes"]
        assert on_disk(node) == disk["kept_bytes"]
        if base:
            new = disk["kept_bytes"] - (before - disk["old_bytes"])
            assert 0 < new < disk["free_bytes"]
            assert disk["old_bytes"] > len(text)
