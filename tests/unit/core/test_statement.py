import msgspec
import pytest
import zstandard

from core.errors import RefusedError
from core.statement import (
    MAX_BATCH,
    Poisoned,
    SignedBatch,
    Statement,
    decode_batch,
    decode_signed_batch,
    encode_batch,
    encode_signed_batch,
    signed_message,
    xapi_id,
)

BASE = Statement(
    verb="played",
    pack="gd/-/x",
    version=2,
    item="lesson-1",
    session="s1",
    boot="b1",
    offset=5000,
    at=1_790_000_005_000,
    position=1200,
)


def lesson(count: int) -> list[Statement]:
    verbs = ("played", "paused", "seeked", "completed")
    return [
        msgspec.structs.replace(
            BASE, verb=verbs[n % 4], offset=n * 3000, at=BASE.at + n * 3000, position=n * 2900
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 500])
def test_round_trip(count: int) -> None:
    assert decode_batch(encode_batch(lesson(count))) == lesson(count)


def test_a_wrong_clock_and_negative_places_survive() -> None:
    odd = [
        msgspec.structs.replace(BASE, at=0, offset=7, position=-1),
        msgspec.structs.replace(BASE, at=4_070_908_800_000, boot="b2", count=40, verb="seeked"),
    ]
    assert decode_batch(encode_batch(odd)) == odd


def formats(batch: bytes) -> tuple[int, int]:
    """Give a batch's format, and how many columns it has."""
    plain = msgspec.msgpack.decode(zstandard.decompress(batch))
    return plain[0], len(plain[2])


def test_a_batch_with_a_class_has_two_columns_more() -> None:
    taught = msgspec.structs.replace(
        BASE, verb="taught", count=41, length=900_000, duration=1_500_000, cues=4
    )
    batch = encode_batch([*lesson(2), taught, BASE])
    assert decode_batch(batch) == [*lesson(2), taught, BASE]
    assert formats(batch) == (2, 14)


def test_a_batch_without_one_is_as_every_release_reads_it() -> None:
    shifted = msgspec.structs.replace(BASE, verb="shifted", start=5)
    assert formats(encode_batch([*lesson(2), shifted])) == (1, 12)


def test_a_poisoned_record_is_isolated() -> None:
    good = lesson(3)
    bad = Statement(**{**msgspec.structs.asdict(BASE), "count": 0})
    decoded = decode_batch(encode_batch([good[0], bad, good[2]]))
    assert decoded[0] == good[0]
    assert decoded[2] == good[2]
    assert isinstance(decoded[1], Poisoned)
    assert decoded[1].row == 1


def packed(value: object) -> bytes:
    return zstandard.compress(msgspec.msgpack.encode(value))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged|large"),
        (b"junk", "damaged"),
        (zstandard.compress(bytes(100_000_000)), "too large"),
        (packed({"a": 1}), "cannot be read"),
        (packed([1, [], []]), "fit together"),
        (packed([1, ["x"], [[0]] * 11 + [[0, 0]]]), "fit together"),
        (packed([3, [], []]), "format 3"),
        (packed([2, ["x"], [[0]] * 12]), "fit together"),
        (packed([1, ["x"], [[0]] * 14]), "fit together"),
        (packed([1, ["x"], [[0] * (MAX_BATCH + 1)] * 12]), "length <= 5000"),
    ],
)
def test_batches_that_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        decode_batch(data)


def test_numbers_outside_the_table_poison_their_record_only() -> None:
    decoded = decode_batch(packed([1, ["played"], [[7]] * 5 + [[0]] * 7]))
    assert decoded == [Poisoned(0, "verb is not in the batch's table")]


def test_a_signed_batch_round_trips_and_its_message_covers_everything() -> None:
    batch = SignedBatch("hub", "node", bytes(8), 1, b"body", bytes(64))
    assert decode_signed_batch(encode_signed_batch(batch)) == batch
    messages = {
        signed_message("hub", "node", bytes(8), 1, b"body"),
        signed_message("bub", "node", bytes(8), 1, b"body"),
        signed_message("hub", "mode", bytes(8), 1, b"body"),
        signed_message("hub", "node", bytes(7) + b"1", 1, b"body"),
        signed_message("hub", "node", bytes(8), 2, b"body"),
        signed_message("hub", "node", bytes(8), 1, b"bodies"),
    }
    assert len(messages) == 6


@pytest.mark.parametrize("cut", [0, 1, 10, -1])
def test_a_cut_signed_batch_is_refused(cut: int) -> None:
    data = encode_signed_batch(SignedBatch("hub", "node", bytes(8), 1, b"body", bytes(64)))
    with pytest.raises(RefusedError):
        decode_signed_batch(data[:cut])


def test_identity_follows_from_node_epoch_and_sequence() -> None:
    ids = {xapi_id("n", bytes(8), 1), xapi_id("n", bytes(8), 2), xapi_id("m", bytes(8), 1)}
    assert len(ids) == 3
    assert xapi_id("n", bytes(8), 1) in ids
