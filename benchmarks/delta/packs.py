"""Pairs as packs: a repository that has both versions, and a node that has the older one.

Made once for each pair, beside it, since encoding takes long.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.delta.corpus import ROOT, Pair, fetched, made
from benchmarks.delta.making import made_pairs
from packager.bundler import Levels
from tests.support.archives import zip_of
from tests.support.course_publisher import CoursePublisher
from tests.support.http_repository import HttpRepository
from tests.support.node_state import make_node
from tests.support.running_node import enrolled
from tests.support.small_world import set_hub
from tests.support.tiny_repository import TinyRepository

# The full bundle is not what is measured.
LEVELS: Final = Levels(full=1)
_LARGE: Final = 2
_BLOCK_BYTES: Final = 16 * 1024 * 1024
_MEMBERS, _MEMBER_BYTES = 15, 1024 * 1024


class Update(NamedTuple):
    """A pair as a pack.

    Attributes:
        repository: which has the newer version.
        node: state of a node that has the older one.
        size: bytes of the newer one.
    """

    name: str
    repository: Path
    node: Path
    size: int


def updates() -> Iterator[Update]:
    """Give all pairs as packs, those with the largest blocks first."""
    largest = [made("largest-blocks", _largest), made("largest-zips", _largest_zips)]
    for pair in chain(largest, fetched(), made_pairs()):
        yield update(pair)


def update(pair: Pair) -> Update:
    """Give a pair as a pack, made unless it is here."""
    place = ROOT.parent / "packs" / pair.name
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        _make(pair, place)
        (place / "done").touch()
    size = sum(one.stat().st_size for one in pair.new.rglob("*") if one.is_file())
    return Update(pair.name, place / "repository", place / "node", size)


def _make(pair: Pair, place: Path) -> None:
    tiny = TinyRepository(place)
    publisher = CoursePublisher(tiny, place, LEVELS)
    publisher.publish(_files(pair.old))
    with HttpRepository(tiny.directory) as server:
        state = enrolled(place / "node", tiny.root, server.url)
        node = make_node(state, tiny.root)
        set_hub(node.state, server.url)
        assert node.pull(server.url).exit_code == 0
    publisher.publish(_files(pair.new))
    for name in ("folder", "workspace", "keys"):
        shutil.rmtree(place / name)


def _files(folder: Path) -> dict[str, bytes]:
    """Read a folder, all of whose files go into one item: names are not what is measured."""
    return {
        f"course/{one.relative_to(folder)}": one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.name != "pack.toml"
    }


def _spread(data: bytes, chance: random.Random) -> bytes:
    """Change a byte here and there."""
    new = bytearray(data)
    for _ in range(len(data) // 1000):
        new[chance.randrange(len(data))] ^= 1
    return bytes(new)


def _largest(place: Path) -> None:
    """Make blocks as large as they get, each with references as large, and changes everywhere."""
    chance = random.Random(8)
    change: dict[str, Callable[[bytes], bytes]] = {
        "old": lambda data: data,
        "new": lambda data: _spread(data, chance),
    }
    texts = [chance.randbytes(_BLOCK_BYTES) for _ in range(_LARGE)]
    for version, changed in change.items():
        (place / version).mkdir()
        for number, text in enumerate(texts):
            (place / version / f"{number}.bin").write_bytes(changed(text))


def _largest_zips(place: Path) -> None:
    """Make zips of which a block inflates to nearly as much as it may, and so do references."""
    chance = random.Random(9)
    texts = [chance.randbytes(_MEMBER_BYTES // 2).hex().encode() for _ in range(_MEMBERS)]
    for version in ("old", "new"):
        (place / version).mkdir()
        for number in range(_LARGE):
            members = {
                f"{number}-{n}.txt": text if version == "old" else _spread(text, chance)
                for n, text in enumerate(texts)
            }
            (place / version / f"{number}.zip").write_bytes(zip_of(members))
