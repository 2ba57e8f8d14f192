"""A listing gives its reader the same rows, whatever both versions have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundle.listing import Row, contents, decode_listing, encode_listing
from core.digest import Digest, digest_of
from core.errors import RefusedError

PATHS = [f"{folder}{name}.{suffix}" for folder in ("", "d/") for name in "abc" for suffix in "xy"]
TYPES = ["", "text/html", "image/png"]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """A version whose files are of few contents, so that much is moved, copied and swapped."""
    paths = draw(st.sets(st.sampled_from(PATHS)))
    return sorted(
        Row(path, digest_of(bytes([number])), number, draw(st.sampled_from(TYPES)))
        for path in paths
        for number in [draw(st.integers(0, 8))]
    )


def made(new: list[Row], base: list[Row]) -> list[Digest]:
    held = {row.digest for row in base}
    return [digest for digest, _ in contents(new) if digest not in held]


@given(rows(), rows(), st.integers(0, 10))
def test_the_reader_gets_the_same_rows(new: list[Row], base: list[Row], untold: int) -> None:
    outputs = made(new, base)
    listing = decode_listing(encode_listing(new, base, outputs, untold), base, untold)
    sizes = {row.digest: row.size for row in new}
    assert listing.sizes == [sizes[digest] for digest in outputs]
    told = {n: digest for n, digest in enumerate(outputs) if n >= untold}
    assert listing.digests == told
    assert listing.complete(dict(enumerate(outputs))) == new


@given(rows(), rows(), st.data())
def test_a_damaged_listing_is_refused_or_read(
    new: list[Row], base: list[Row], choice: st.DataObject
) -> None:
    data = bytearray(encode_listing(new, base, made(new, base), 5))
    for _ in range(choice.draw(st.integers(1, 3))):
        data[choice.draw(st.integers(0, len(data) - 1))] = choice.draw(st.integers(0, 255))
    try:
        listing = decode_listing(bytes(data[: choice.draw(st.integers(0, len(data)))]), base, 5)
    except RefusedError:
        return
    assert all(size >= 0 for size in listing.sizes)
    assert [row.path for row in listing.rows] == sorted({row.path for row in listing.rows})


def test_what_stays_costs_nothing() -> None:
    base = [Row(f"{n:05}.html", digest_of(bytes([n % 256])), 1, "text/html") for n in range(9999)]
    assert len(encode_listing(base, base, [], 0)) == 7
    changed = [*base[:5000], base[5000]._replace(digest=digest_of(b"new"), size=7), *base[5001:]]
    assert len(encode_listing(changed, base, made(changed, base), 99)) < 12


def test_a_base_that_is_shorter_is_refused() -> None:
    base = [Row(path, digest_of(path.encode()), 1) for path in "abcd"]
    new = [Row("b", digest_of(b"new"), 5), base[3]]
    data = encode_listing(new, base, made(new, base), 99)
    with pytest.raises(RefusedError):
        decode_listing(data, base[:1], 99)
