"""Statements: immutable usage facts, after xAPI and its video profile, without names.

A batch is columnar and compressed: one small table of texts, then one column of numbers per
field, each written as differences, so that a statement takes about 5 bytes on the line. The
identity of a statement is (node, epoch, sequence); it costs nothing.

Format 2 has two columns more, for classes; a batch without classes is written in format 1, which
every release reads.
"""

import hashlib
import uuid
from typing import Annotated, Any, Final

import msgspec
import zstandard

from core.acknowledgement import Acknowledgement, Rejection
from core.bundle.frame import decompress_exactly
from core.codec import convert, decode_msgpack
from core.errors import RefusedError
from core.manifest import check_format
from core.usage import MAX_NUMBER, VERBS, Statement, Text, Verb

__all__ = [
    "EPOCH_BYTES",
    "FORMAT",
    "MAX_BATCH",
    "MAX_BATCH_BYTES",
    "SIGNATURE_BYTES",
    "VERBS",
    "Acknowledgement",
    "Poisoned",
    "Rejection",
    "SignedBatch",
    "Statement",
    "Verb",
    "decode_batch",
    "decode_signed_batch",
    "encode_batch",
    "encode_signed_batch",
    "signed_message",
    "xapi_id",
]

FORMAT: Final = 1
CLASS_FORMAT: Final = 2
EPOCH_BYTES: Final = 8
SIGNATURE_BYTES: Final = 64
MAX_BATCH: Final = 5000
MAX_BATCH_BYTES: Final = 1024 * 1024
_MAX_PLAIN_BYTES: Final = 8 * 1024 * 1024
_XAPI_NAMESPACE: Final = uuid.UUID("6f1b7a52-5e0c-5c52-9f6a-8c1f0c1f7b11")

_TEXTS: Final = ("verb", "pack", "item", "session", "boot")
_NUMBERS: Final = ("version", "offset", "at", "position", "start", "length", "count")
_CLASS_NUMBERS: Final = (*_NUMBERS, "duration", "cues")
_NONE: Final = -1


# Bounded here, before the numbers take memory.
_Column = Annotated[list[int], msgspec.Meta(max_length=MAX_BATCH)]


class _Columns(msgspec.Struct, frozen=True, array_like=True):
    format: int
    texts: Annotated[list[Text], msgspec.Meta(max_length=MAX_BATCH * len(_TEXTS))]
    columns: Annotated[list[_Column], msgspec.Meta(max_length=64)]


class Poisoned(msgspec.Struct, frozen=True):
    """A record of a batch that could not be read, and why; the others are not affected."""

    row: int
    reason: str


def encode_batch(statements: list[Statement]) -> bytes:
    """Encode statements with consecutive sequence numbers, in order."""
    table: dict[str, int] = {}
    columns: list[list[int]] = [
        [table.setdefault(getattr(one, name), len(table)) for one in statements] for name in _TEXTS
    ]
    taught = any(one.duration != _NONE or one.cues != _NONE for one in statements)
    for name in _CLASS_NUMBERS if taught else _NUMBERS:
        values = [getattr(one, name) for one in statements]
        if name == "at":
            # Between two statements of a boot the wall clock and the monotonic clock advance
            # alike, so their difference compresses to nothing.
            values = [one.at - one.offset for one in statements]
        columns.append([now - before for now, before in zip(values, [0, *values], strict=False)])
    form = CLASS_FORMAT if taught else FORMAT
    plain = msgspec.msgpack.encode(_Columns(form, list(table), columns))
    return zstandard.ZstdCompressor(level=19, write_checksum=False).compress(plain)


def decode_batch(data: bytes) -> list[Statement | Poisoned]:
    """Decode a batch; a record that breaks a rule is isolated, the others come through.

    Raises:
        RefusedError: the batch as a whole is damaged or needs a newer Packhorse.
    """
    columns = _decode_columns(data)
    rows = len(columns.columns[0]) if columns.columns else 0
    names = _CLASS_NUMBERS if columns.format == CLASS_FORMAT else _NUMBERS
    width = len(_TEXTS) + len(names)
    if len(columns.columns) != width or any(len(one) != rows for one in columns.columns):
        raise RefusedError("The batch's columns do not fit together.")
    texts = columns.columns[: len(_TEXTS)]
    numbers = {
        name: _running(column)
        for name, column in zip(names, columns.columns[len(_TEXTS) :], strict=True)
    }
    since = zip(numbers["at"], numbers["offset"], strict=True)
    numbers["at"] = [base + offset for base, offset in since]
    return [_row(columns.texts, texts, numbers, row) for row in range(rows)]


def _decode_columns(data: bytes) -> _Columns:
    if len(data) > MAX_BATCH_BYTES:
        raise RefusedError("The batch is too large.")
    try:
        size = zstandard.frame_content_size(data)
    except zstandard.ZstdError as error:
        raise RefusedError("The batch is damaged.") from error
    if not 0 <= size <= _MAX_PLAIN_BYTES:
        raise RefusedError("The batch is too large.")
    plain = decompress_exactly(data, size, "The batch")
    columns = decode_msgpack(plain, _Columns, what="The batch", limit=_MAX_PLAIN_BYTES)
    if columns.format != CLASS_FORMAT:
        check_format(columns.format, FORMAT, "batch")
    return columns


def _running(differences: list[int]) -> list[int]:
    total, result = 0, []
    for difference in differences:
        total += difference
        result.append(total)
    return result


def _row(
    table: list[str], texts: list[list[int]], numbers: dict[str, list[int]], row: int
) -> Statement | Poisoned:
    record: dict[str, Any] = {}
    for name, column in zip(_TEXTS, texts, strict=True):
        if not 0 <= column[row] < len(table):
            return Poisoned(row, f"{name} is not in the batch's table")
        record[name] = table[column[row]]
    for name, column in numbers.items():
        record[name] = column[row]
    try:
        return convert(record, Statement)
    except msgspec.ValidationError as error:
        return Poisoned(row, str(error))


class SignedBatch(msgspec.Struct, frozen=True, array_like=True):
    """A batch as it travels, by line, stick or parent: signed itself, so carriers are equal."""

    hub: Annotated[str, msgspec.Meta(max_length=64)]
    node: Annotated[str, msgspec.Meta(max_length=64)]
    epoch: Annotated[bytes, msgspec.Meta(min_length=EPOCH_BYTES, max_length=EPOCH_BYTES)]
    first: Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
    body: Annotated[bytes, msgspec.Meta(max_length=MAX_BATCH_BYTES)]
    signature: Annotated[
        bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)
    ]


def signed_message(hub: str, node: str, epoch: bytes, first: int, body: bytes) -> bytes:
    """Give the bytes that a node's Ed25519 key signs for a batch."""
    return msgspec.msgpack.encode(
        ("packhorse batch 1", hub, node, epoch, first, hashlib.sha256(body).digest())
    )


def encode_signed_batch(batch: SignedBatch) -> bytes:
    """Encode a signed batch for the line."""
    return msgspec.msgpack.encode(batch)


def decode_signed_batch(data: bytes) -> SignedBatch:
    """Decode a signed batch; the signature is not checked here.

    Raises:
        RefusedError: malformed or too large.
    """
    return decode_msgpack(data, SignedBatch, what="The batch", limit=MAX_BATCH_BYTES + 4096)


def xapi_id(node: str, epoch: bytes, sequence: int) -> uuid.UUID:
    """Derive a statement's xAPI id."""
    return uuid.uuid5(_XAPI_NAMESPACE, f"{node}/{epoch.hex()}/{sequence}")
