"""Blocks refer to what is old and to what earlier blocks of their group make, within all limits."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bundle.codecs import decode_block
from core.bundle.space import Space
from packager.delta import planning, references
from packager.delta.lookup import GRANULE
from packager.delta.making import make_blocks
from packager.delta.planning import MadeBlock, New
from packager.delta.sources import Source
from tests.support.archives import gzip_of

CHANCE = random.Random(11)
Groups = Sequence[Sequence[tuple[bytes, int | None]]]


def lines(size: int, chance: random.Random = CHANCE) -> bytes:
    """Give text of which no part is twice, and that compresses to about a half."""
    return "".join(f"{chance.getrandbits(52):013x}\n" for _ in range(size // 14)).encode()


class Shop:
    """Makes blocks of files in a folder, and files of blocks.

    Args:
        place: the folder.
        is_alone: whether each file has blocks of its own.
    """

    def __init__(self, place: Path, *, is_alone: bool = True) -> None:
        self._place = place
        self._is_alone = is_alone
        self._count = 0

    def source(self, data: bytes) -> Source:
        """Write a file."""
        self._count += 1
        place = self._place / str(self._count)
        place.write_bytes(data)
        return Source(place, len(data))

    def made(self, groups: Groups, old: Sequence[bytes] = ()) -> list[MadeBlock]:
        """Make the blocks, and see that they make what they should."""
        new = [
            [New(self.source(data), number, is_alone=self._is_alone) for data, number in group]
            for group in groups
        ]
        blocks = [one for _, one in make_blocks(new, [self.source(one) for one in old], 3)]
        space = bytearray().join(old)
        for one in blocks:
            given = b"".join(
                space[part.start : part.start + part.length] for part in one.references
            )
            assert sum(part.length for part in one.references) == len(given)
            space += decode_block(one.codec, one.payload, given, one.size)
        wanted = b"".join(data for group in groups for data, _ in group)
        assert space[sum(map(len, old)) :] == wanted
        return blocks


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def reach(block: MadeBlock) -> int:
    """Give the place behind a block's last reference."""
    return max((one.start + one.length for one in block.references), default=0)


def test_what_is_new_in_two_files_is_sent_once(shop: Shop) -> None:
    old, new = lines(300_000), lines(200_000)
    first, second = shop.made([[(old + new, 0), (new + b"and more\n" + old, None)]], [old])
    assert len(first.payload) > 80_000
    assert len(second.payload) < 500
    assert reach(first) <= len(old) < reach(second)


def test_what_another_group_makes_is_not_referred_to(shop: Shop) -> None:
    old, new = lines(100_000), lines(100_000)
    blocks = shop.made([[(old + new, 0)], [(new + old, None)]], [old])
    assert [reach(one) for one in blocks] == [len(old)] * 2
    assert min(len(one.payload) for one in blocks) > 40_000


def test_for_little_a_block_does_not_depend_on_another(shop: Shop) -> None:
    old, little = lines(300_000), lines(600)
    _, second = shop.made([[(old + little, 0), (little + old, None)]], [old])
    assert reach(second) <= len(old)


def test_a_block_is_divided_when_what_it_resembles_is_more_than_it_may_refer_to(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "_MOST_GRANULES", 12)
    old = lines(40 * GRANULE)
    parts = [old[start : start + GRANULE] for start in range(0, len(old), GRANULE)]
    random.Random(2).shuffle(parts)
    new = b"".join(parts)
    whole = sum(len(one.payload) for one in shop.made([[(new, None)]], [old]))
    monkeypatch.setattr(planning, "_LEAST_DIVIDED", 2 * GRANULE)
    blocks = shop.made([[(new, None)]], [old])
    assert len(blocks) >= 4
    assert sum(len(one.payload) for one in blocks) * 10 < whole


def test_files_of_a_block_are_divided_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "_MOST_GRANULES", 8)
    monkeypatch.setattr(planning, "_LEAST_DIVIDED", 2 * GRANULE)
    olds = [lines(2 * GRANULE) for _ in range(12)]
    new = [(one[GRANULE:] + one[:GRANULE], None) for one in olds]
    blocks = Shop(tmp_path, is_alone=False).made([new], olds)
    assert 1 < len(blocks) < 12
    ends = {sum(len(one) for one, _ in new[: count + 1]) for count in range(len(new))}
    assert {sum(one.size for one in blocks[: count + 1]) for count in range(len(blocks))} <= ends


def test_the_old_file_of_the_same_path_comes_before_streams_that_are_larger_inflated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its one granule is a tenth of what may be referred to; inflated it is nearly all of it.
    inside = b"".join(b"%06d is a line\n" % number for number in range(40_000))
    monkeypatch.setattr(references, "BUDGET", len(inside) + 10_000)
    before = lines(400_000)
    new = before[:200_000] + inside[: len(inside) // 2] + before[200_000:]
    (block,) = shop.made([[(new, 1)]], [gzip_of(inside), before])
    assert len(block.payload) < 100_000


def test_an_index_has_no_more_entries_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1500
    most = 3 * count + 2500
    monkeypatch.setattr(planning, "MAX_ENTRIES", most)
    old = [lines(310) for _ in range(count)]
    new = [one + b"!" for one in old]
    random.Random(5).shuffle(new)
    groups = [[(data, None) for data in new[start::30]] for start in range(30)]
    blocks = Shop(tmp_path, is_alone=False).made(groups, old)
    space = Space([*map(len, old), *map(len, (data for group in groups for data, _ in group))])
    slices = sum(len(space.slices(one.references, 1 << 40)) for one in blocks)
    assert any(one.references for one in blocks)
    assert len(new) + len(blocks) + slices <= most


def test_what_is_stored_takes_no_entries_from_the_files_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [lines(310) for _ in range(300)]
    monkeypatch.setattr(planning, "MAX_ENTRIES", 1500)
    shop = Shop(tmp_path, is_alone=False)
    film = shop.source(random.Random(1).randbytes(5_000_000))
    pages = [New(shop.source(one + b"!"), None) for one in reversed(old)]
    sources = [shop.source(one) for one in old]
    alone, beside = (
        [one for _, one in make_blocks([group], sources, 3)]
        for group in (pages, [*pages, New(film, is_stored=True)])
    )
    assert [one.references for one in alone] == [
        one.references for one in beside if one.place is None
    ]
    assert sum(one.length for one in alone[0].references) == sum(map(len, old))


def test_what_is_the_same_over_and_over_crowds_out_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "_MOST_MADE", 4_000)
    text = lines(100_000)
    # Made so that one of its windows is sampled however thin a sample is.
    endless = b"'\x02t\xae" * 500_000
    blocks = shop.made([[(text, None), (endless, None), (b"!" + text, None)]])
    assert len(blocks[2].payload) < 500


def test_what_follows_on_a_stream_without_room_is_referred_to(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = b"".join(b"%06d is a line\n" % number for number in range(40_000))
    monkeypatch.setattr(references, "BUDGET", len(inside) - 1)
    other = lines(200_000)
    new = inside + other
    packed = gzip_of(inside)
    (block,) = shop.made([[(new, None)]], [packed, other])
    assert reach(block) == len(packed) + len(other)


PAGES: Mapping[int, bytes] = {number: lines(9000, random.Random(number)) for number in range(6)}
file = st.lists(st.sampled_from(sorted(PAGES)), min_size=1, max_size=5).map(
    lambda pages: b"".join(PAGES[page] for page in pages)
)


@settings(max_examples=25)
@given(st.lists(file, max_size=3), st.lists(st.lists(file, max_size=4), max_size=3), st.booleans())
def test_whatever_resembles_what_blocks_make_it_again(
    tmp_path_factory: pytest.TempPathFactory,
    old: list[bytes],
    groups: list[list[bytes]],
    is_alone: bool,
) -> None:
    shop = Shop(tmp_path_factory.mktemp("files"), is_alone=is_alone)
    shop.made([[(data, 0 if old else None) for data in group] for group in groups], old)
