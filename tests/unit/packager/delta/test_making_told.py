"""What is told while blocks are made: all of it, whether here or in processes."""

import random
from pathlib import Path

import pytest

from packager.delta import making
from packager.delta.making import make_blocks
from packager.delta.planning import New
from packager.delta.sources import Source


class Heard:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.parts: dict[str, list[int]] = {"looked": [], "stored": [], "encoded": []}

    def looked(self, size: int) -> None:
        self.parts["looked"].append(size)

    def stored(self, size: int) -> None:
        self.parts["stored"].append(size)

    def encoded(self, size: int) -> None:
        self.parts["encoded"].append(size)


@pytest.mark.parametrize("worth", [0, 1 << 40])
def test_all_of_the_work_is_told_and_encoding_part_by_part(
    tmp_path: Path, worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_WORTH_PROCESSES", worth)
    text = b" ".join(b"%d" % (number * number) for number in range(20_000))
    contents = {"old": text, "new": text[::-1], "noise": random.Random(2).randbytes(2_000_000)}
    sources = {}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        sources[name] = Source(tmp_path / name, len(data))
    heard = Heard()
    groups = [[New(sources["new"], 0)], [New(sources["noise"], is_stored=True)]]
    blocks = list(make_blocks(groups, [sources["old"]], 3, heard))
    assert [one.size for _, one in blocks if one.place] != []
    assert {kind: sum(parts) for kind, parts in heard.parts.items()} == {
        "looked": len(text),
        "stored": 2_000_000,
        "encoded": len(text),
    }
    assert len([part for part in heard.parts["encoded"] if part]) >= 3
