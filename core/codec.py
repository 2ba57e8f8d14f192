"""Strict decoding of structures that come from outside, into one sentence when it fails."""

from typing import TypeVar

import msgspec

from core.errors import RefusedError

T = TypeVar("T")


def decode_json(data: bytes, kind: type[T], *, what: str, limit: int) -> T:
    """Decode JSON strictly into ``kind``.

    Args:
        data: the bytes.
        kind: a msgspec structure.
        what: names the document in the error's sentence.
        limit: largest size, bytes.

    Raises:
        RefusedError: too large, not JSON, or not of that structure.
    """
    return _decode(data, what, limit, msgspec.json.Decoder(kind))


def decode_msgpack(data: bytes, kind: type[T], *, what: str, limit: int) -> T:
    """Decode MessagePack strictly into ``kind``; otherwise like ``decode_json``."""
    return _decode(data, what, limit, msgspec.msgpack.Decoder(kind))


def _decode(
    data: bytes,
    what: str,
    limit: int,
    decoder: "msgspec.json.Decoder[T] | msgspec.msgpack.Decoder[T]",
) -> T:
    if len(data) > limit:
        raise RefusedError(
            "{what} is too large: {size} bytes, at most {limit} are accepted.",
            what=what,
            size=len(data),
            limit=limit,
        )
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(
            "{what} cannot be read: {reason}.", what=what, reason=str(error)
        ) from error
