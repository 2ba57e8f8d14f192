"""Many small files that change among many that do not: each is made from its old version."""

import random
from pathlib import Path

from packager.delta.lookup import GRANULE
from packager.delta.making import make_blocks
from packager.delta.planning import New
from packager.delta.references import MOST_ALIKE
from packager.delta.sources import Source

FILES = 620
CHANGED, BESIDE = 6_000, GRANULE + 9_000


def test_a_block_has_no_more_files_than_it_can_refer_to(tmp_path: Path) -> None:
    # Together the old versions are small, but in more granules than a block may refer to.
    assert MOST_ALIKE < FILES
    chance = random.Random(4)
    old: list[Source] = []
    group: list[New] = []
    for number in range(FILES):
        data = chance.randbytes(CHANGED)
        for name, content in (("old", data), ("new", data[:3000] + b"!" + data[3001:])):
            (tmp_path / f"{number}.{name}").write_bytes(content)
        (tmp_path / f"{number}.beside").write_bytes(chance.randbytes(BESIDE))
        group.append(New(Source(tmp_path / f"{number}.new", CHANGED), len(old)))
        old.append(Source(tmp_path / f"{number}.old", CHANGED))
        old.append(Source(tmp_path / f"{number}.beside", BESIDE))
    blocks = [one for _, one in make_blocks([group], old, 1)]
    assert sum(one.size for one in blocks) == FILES * CHANGED
    assert sum(len(one.payload) for one in blocks) < 100 * FILES
