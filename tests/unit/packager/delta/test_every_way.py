"""Every codec gives a block back, and lets go of the references that it was given."""

import pytest

from core.bundle.codecs import EXPANDED, PARTS, PATCH, ZSTD, decode_block
from packager.delta.encode import every_way
from packager.delta.streams import Encodings
from tests.fuzz.blocks import expanded
from tests.support.archives import prose, zip_of

TEXTS = (prose(1, 900), prose(1, 500) + b"!" + prose(2, 300))


@pytest.mark.parametrize("flag", [0, EXPANDED], ids=["plain", "expanded"])
def test_references_that_are_given_away_are_emptied(flag: int) -> None:
    old, new = (zip_of({"a.xml": one}) if flag else one for one in TEXTS)
    ways = every_way(expanded(old, None), expanded(new, Encodings()), 3)
    referring = [one for one in ways if one.has_references]
    assert {one.codec for one in referring} == {ZSTD | flag, PATCH | flag, PARTS | flag}
    for one in referring:
        given = bytearray(old)
        assert decode_block(one.codec, one.payload, given, len(new)) == new
        assert not given
