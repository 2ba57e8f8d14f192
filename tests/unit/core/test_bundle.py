from typing import Any

import msgspec
import pytest
import zstandard

from core.bundle.codecs import EXPANDED, PARTS, PATCH, STORED, ZSTD, decode_block
from core.bundle.encode import encode_block
from core.bundle.frame import FRAME_BYTES, decode_head, encode_head, index_digest
from core.bundle.index import MAX_BLOCK_BYTES, Block, Index, Output
from core.bundle.needs import Needs, Run, blocks_needed, cost, runs, sources_needed
from core.bundle.receive import DamagedBlockError, Finished, Piece, RunReceiver
from core.digest import digest_of
from core.errors import RefusedError
from core.names import PackId
from core.release import BundleLink, Release

MANIFEST, OLD, ONE, TWO = b"the manifest", b"old bytes", b"first file", b"second"


def raw(data: bytes) -> bytes:
    return bytes.fromhex(digest_of(data))


def stored(data: bytes, *outputs: tuple[int, int, int], **more: Any) -> Block:
    return Block(STORED, len(data), raw(data), list(outputs), **more)


def packed(data: bytes, *outputs: tuple[int, int, int], **more: Any) -> Block:
    """Give a block whose bytes nobody decodes here."""
    return Block(ZSTD, len(data), raw(data), list(outputs), **more)


def index(**changes: Any) -> Index:
    base = Index(
        pack="gd/-/x",
        version=2,
        base=1,
        sources=[raw(OLD)],
        outputs=[Output(raw(x), len(x)) for x in (MANIFEST, ONE, TWO)],
        blocks=[
            stored(MANIFEST, (0, 0, len(MANIFEST))),
            stored(ONE[:4], (1, 0, 4)),
            packed(ONE[4:], (1, 4, 6), references=[(0, 2, 5)]),
            packed(TWO, (2, 0, 6), references=[(2, 3, 7)]),
        ],
    )
    return msgspec.structs.replace(base, **changes)


def link(head: bytes, one: Index) -> BundleLink:
    return BundleLink(one.base, one.offsets(len(head))[-1], len(head), index_digest(head))


def release(*links: BundleLink) -> Release:
    return Release(
        format=1,
        pack=PackId("gd/-/x"),
        version=2,
        published="2026-11-22T00:00:00Z",
        title={},
        manifest=digest_of(MANIFEST),
        manifest_size=len(MANIFEST),
        content_size=16,
        bundles=list(links),
    )


def test_head_round_trip() -> None:
    head = encode_head(index())
    assert decode_head(head, link(head, index()), release(link(head, index()))) == index()


@pytest.mark.parametrize("limit", ["MAX_BLOCKS", "MAX_OUTPUTS", "MAX_ENTRIES", "MAX_INDEX_BYTES"])
def test_a_head_that_no_reader_would_take_is_not_made(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"core.bundle.index.{limit}", 1)
    with pytest.raises(RefusedError, match="larger than allowed") as caught:
        encode_head(index())
    assert caught.value.hint == "Divide the pack into several ones."


@pytest.mark.parametrize("place", [0, 7, 8, 12, FRAME_BYTES, -1])
def test_every_changed_byte_of_a_head_is_noticed(place: int) -> None:
    head = bytearray(encode_head(index()))
    one = link(bytes(head), index())
    head[place] ^= 1
    with pytest.raises(RefusedError, match="damaged or not the one"):
        decode_head(bytes(head), one, release(one))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"PK", "too short"),
        (b"x" * 40, "not a Packhorse bundle"),
        (b"\x89PKHB\r\n\x03" + bytes(8), "format 3"),
        (b"\x89PKHB\r\n\x01\x05\0\0\0\x05\0\0\0zip", "wrong length"),
        (b"\x89PKHB\r\n\x01\x03\0\0\0\xff\xff\xff\xffzip", "wrong length"),
        (b"\x89PKHB\r\n\x01\x03\0\0\0\x05\0\0\0zip", "damaged"),
    ],
)
def test_a_signed_but_malformed_head_is_refused(head: bytes, reason: str) -> None:
    one = BundleLink(1, 100, len(head), digest_of(head))
    with pytest.raises(RefusedError, match=reason):
        decode_head(head, one, release(one))


def test_an_index_that_is_a_bomb_is_refused_without_being_unpacked() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(300_000_000))
    head = b"\x89PKHB\r\n\x01" + len(bomb).to_bytes(4, "little") + b"\x40\0\0\0" + bomb
    one = BundleLink(1, len(head), len(head), digest_of(head))
    with pytest.raises(RefusedError, match="wrong size"):
        decode_head(head, one, release(one))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pack": "gd/-/y"}, "another pack"),
        ({"version": 3}, "another pack"),
        ({"base": 0}, "another pack"),
        ({"outputs": [Output(raw(b"?"), 12), *index().outputs[1:]]}, "another manifest"),
    ],
)
def test_a_bundle_of_something_else_is_refused(changes: dict[str, Any], reason: str) -> None:
    head = encode_head(index(**changes))
    one = msgspec.structs.replace(link(head, index()), base=1)
    with pytest.raises(RefusedError, match=reason):
        decode_head(head, one, release(one))


def test_a_length_that_is_not_the_blocks_is_refused() -> None:
    head = encode_head(index())
    one = msgspec.structs.replace(link(head, index()), length=4000)
    with pytest.raises(RefusedError, match="another length"):
        decode_head(head, one, release(one))


BLOCKS = index().blocks


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ([BLOCKS[1], BLOCKS[0], *BLOCKS[2:]], "not the manifest"),
        ([BLOCKS[0], BLOCKS[2], BLOCKS[1], BLOCKS[3]], "out of order"),
        ([BLOCKS[0], BLOCKS[1], BLOCKS[1], BLOCKS[3]], "out of order"),
        (BLOCKS[:3], "not complete"),
        ([*BLOCKS, stored(b"more", (2, 6, 4))], "longer than the file"),
        ([*BLOCKS, stored(b"more", (9, 0, 4))], "out of order"),
        ([*BLOCKS[:3], packed(TWO, (2, 0, 6), references=[(3, 0, 1)])], "not there yet"),
        ([*BLOCKS[:3], packed(TWO, (2, 0, 6), references=[(2, 8, 7)])], "not there yet"),
        ([*BLOCKS[:3], packed(TWO, (2, 0, 6), references=[(7, 0, 1)])], "not there yet"),
        ([*BLOCKS[:3], packed(TWO, (2, 0, 6), references=[(0, 0, 0)])], "empty reference"),
        ([*BLOCKS[:3], packed(TWO, (2, 0, 6), references=[(0, 0, 1 << 27)])], "references are"),
        ([*BLOCKS[:3], stored(TWO, (2, 0, 6), references=[(0, 0, 1)])], "not as one slice"),
        ([*BLOCKS[:3], stored(TWO, (2, 0, 3), (2, 3, 3))], "not as one slice"),
        ([*BLOCKS[:3], stored(TWO + b"!", (2, 0, 6))], "not as one slice"),
        ([*BLOCKS[:3], stored(TWO[1:], (2, 0, 6))], "not as one slice"),
    ],
)
def test_an_index_that_breaks_a_rule_is_refused(blocks: list[Block], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        encode_head(index(blocks=blocks))


@pytest.mark.parametrize("more", [0, 1])
def test_a_payload_has_at_most_64_kib_more_than_a_block_may_make(more: int) -> None:
    length = MAX_BLOCK_BYTES + (64 << 10) + more
    other = index(blocks=[*BLOCKS[:3], msgspec.structs.replace(BLOCKS[3], length=length)])
    head = encode_head(other)
    one = link(head, other)
    if more:
        with pytest.raises(RefusedError):
            decode_head(head, one, release(one))
    else:
        assert decode_head(head, one, release(one)) == other


@pytest.mark.parametrize("codec", [PATCH, PARTS, *(EXPANDED + n for n in range(4)), 200])
def test_a_codec_of_format_2_is_refused_in_format_1(codec: int) -> None:
    other = index(blocks=[*BLOCKS[:3], msgspec.structs.replace(BLOCKS[3], codec=codec)])
    head = encode_head(other)
    with pytest.raises(RefusedError, match="format 1 has not its codec"):
        decode_head(head, link(head, other), release(link(head, other)))


def test_a_block_larger_than_memory_allows_is_refused() -> None:
    size = 17 << 20
    block = Block(ZSTD, 10, bytes(32), [(1, 0, size)])
    outputs = [index().outputs[0], Output(bytes(32), size)]
    with pytest.raises(RefusedError, match="larger than allowed"):
        encode_head(index(blocks=[BLOCKS[0], block], outputs=outputs))


def test_codecs_round_trip_with_references() -> None:
    text = b"".join(b"%d lines of text\n" % n for n in range(2000))
    codec, payload = encode_block(text + b"!", text)
    assert codec == ZSTD
    assert len(payload) < 60
    assert decode_block(codec, payload, text, len(text) + 1) == text + b"!"
    assert bytes(decode_block(*encode_block(b"x"), b"", 1)) == b"x"
    assert encode_block(b"\x01\x02\x03")[0] == STORED


@pytest.mark.parametrize(("size", "told"), [(1000, -1), ((1 << 20) - 1, -1), (1 << 20, 1 << 20)])
def test_frames_tell_their_size_where_a_window_would_be_large(size: int, told: int) -> None:
    codec, payload = encode_block(b"a" * size, b"b" * 100, 1)
    assert zstandard.frame_content_size(payload) == told
    assert decode_block(codec, payload, b"b" * 100, size) == b"a" * size


@pytest.mark.parametrize("prefix", [b"", b"short", b"12345678", b"1234567890" * 30])
def test_prefixes_of_any_length(prefix: bytes) -> None:
    data = prefix * 3 + b"tail" * 20
    codec, payload = encode_block(data, prefix)
    assert decode_block(codec, payload, prefix, len(data)) == data


@pytest.mark.parametrize(
    ("codec", "payload", "size", "reason"),
    [
        (STORED, b"abc", 4, "wrong length"),
        (ZSTD, b"not zstd", 4, "damaged"),
        (ZSTD, zstandard.compress(b"abcd"), 3, "wrong size"),
        (ZSTD, zstandard.compress(b"abcd")[:-1], 4, "damaged"),
        (ZSTD, encode_block(b"a" * 1000)[1], 2000, "shorter|damaged"),
        (ZSTD, encode_block(b"a" * 1000)[1], 500, "damaged"),
        (ZSTD, zstandard.compress(b"abcd") + b"more", 4, "damaged"),
        (9, b"abc", 3, "codec 9"),
    ],
)
def test_payloads_that_do_not_give_the_size_are_refused(
    codec: int, payload: bytes, size: int, reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        decode_block(codec, payload, b"", size)


@pytest.mark.parametrize(
    ("wanted", "held", "staged", "expected"),
    [
        ([MANIFEST, ONE, TWO], [], {}, Needs([0, 1, 2, 3], frozenset({0, 1, 2}))),
        ([MANIFEST], [], {}, Needs([0], frozenset({0}))),
        # The second file's block refers to the first file, which is not held.
        ([TWO], [], {}, Needs([1, 2, 3], frozenset({1, 2}))),
        ([TWO], [ONE], {}, Needs([3], frozenset({2}))),
        ([TWO], [ONE, TWO], {}, Needs([], frozenset())),
        ([ONE], [], {1: 4}, Needs([2], frozenset({1}))),
        ([ONE], [], {1: 7}, Needs([2], frozenset({1}))),
        ([ONE], [], {1: 10}, Needs([], frozenset({1}))),
        ([], [], {}, Needs([], frozenset())),
    ],
)
def test_which_blocks_are_needed(
    wanted: list[bytes], held: list[bytes], staged: dict[int, int], expected: Needs
) -> None:
    digests = [digest_of(data) for data in wanted]
    assert blocks_needed(index(), digests, [digest_of(data) for data in held], staged) == expected


def test_runs_join_neighbours_up_to_the_limit() -> None:
    offsets = index().offsets(100)
    assert offsets == [100, 112, 116, 122, 128]
    assert runs(index(), [0, 1, 3], 100, 1000) == [Run(0, 1, 100, 116), Run(3, 3, 122, 128)]
    assert runs(index(), [0, 1, 2], 100, 16) == [Run(0, 1, 100, 116), Run(2, 2, 116, 122)]
    assert runs(index(), [0], 100, 1) == [Run(0, 0, 100, 112)]
    assert cost(index(), [1, 3]) == 10


def test_sources_are_named_only_for_blocks_that_use_them() -> None:
    assert sources_needed(index(), [0, 1]) == set()
    assert sources_needed(index(), [2, 3]) == {digest_of(OLD)}


@pytest.mark.parametrize("step", [1, 3, 5, 100])
def test_receiving_in_pieces_of_any_size(step: int) -> None:
    data = ONE + TWO
    receiver = RunReceiver(index(), Run(1, 3, 112, 128))
    events = [
        event for i in range(0, len(data), step) for event in receiver.feed(data[i : i + step])
    ]
    assert [event.block for event in events if isinstance(event, Finished)] == [1, 2, 3]
    pieces = [event for event in events if isinstance(event, Piece)]
    assert b"".join(piece.data for piece in pieces) == data
    assert receiver.complete
    assert receiver.position == 128


def test_receiving_goes_on_inside_a_block() -> None:
    receiver = RunReceiver(index(), Run(2, 3, 116, 128), beginning=ONE[4:7])
    assert receiver.position == 119
    events = list(receiver.feed(ONE[7:]))
    assert events == [Piece(2, 3, ONE[7:]), Finished(2)]


def test_a_damaged_block_is_named_and_the_ones_before_it_stand() -> None:
    receiver = RunReceiver(index(), Run(1, 3, 112, 128))
    events = receiver.feed(ONE[:4] + b"BAD!!!" + TWO)
    assert next(events) == Piece(1, 0, ONE[:4])
    assert next(events) == Finished(1)
    assert isinstance(next(events), Piece)
    with pytest.raises(DamagedBlockError, match="Block 2"):
        next(events)


def test_more_than_was_asked_for_is_refused() -> None:
    receiver = RunReceiver(index(), Run(3, 3, 122, 128))
    with pytest.raises(RefusedError, match="more than was asked"):
        list(receiver.feed(TWO + b"x"))
