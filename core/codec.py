"""Strict decoding of structures that come from outside, into one sentence when it fails.

Rule: msgspec decodes into types by what is here alone, since only here does it look at a type for
the first time with no other thread beside it. It keeps what it found with the type before it has
found it all, and a thread that decodes into the type meanwhile makes the process crash. A type
that was looked at to the end, and all that it holds, are safe with any number of threads; so is
encoding.
"""

from threading import RLock
from typing import Any, Final, TypeVar, overload

import msgspec

from core.errors import RefusedError

T = TypeVar("T")

# Entered again by a thread that has it: a finaliser, run in the middle, may decode something.
_looking: Final = RLock()
_of_json: Final[dict[object, msgspec.json.Decoder[Any]]] = {}
_of_msgpack: Final[dict[object, msgspec.msgpack.Decoder[Any]]] = {}


@overload
def json_decoder(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def json_decoder(kind: object) -> msgspec.json.Decoder[Any]: ...
def json_decoder(kind: object) -> msgspec.json.Decoder[Any]:
    """Give what decodes JSON into ``kind``, any type or union that msgspec knows, in any thread."""
    found = _of_json.get(kind)
    if found is None:
        with _looking:
            found = _of_json.setdefault(kind, msgspec.json.Decoder(kind))
    return found


@overload
def msgpack_decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]: ...
@overload
def msgpack_decoder(kind: object) -> msgspec.msgpack.Decoder[Any]: ...
def msgpack_decoder(kind: object) -> msgspec.msgpack.Decoder[Any]:
    """Give what decodes MessagePack into ``kind``; otherwise like ``json_decoder``."""
    found = _of_msgpack.get(kind)
    if found is None:
        with _looking:
            found = _of_msgpack.setdefault(kind, msgspec.msgpack.Decoder(kind))
    return found


def convert(value: object, kind: type[T]) -> T:
    """Turn builtin values, such as dictionaries and lists, into ``kind``, as decoding would.

    Raises:
        msgspec.ValidationError: they are not of that structure.
    """
    # Into the very object that was looked at: of generic types each has its own.
    return msgspec.convert(value, msgpack_decoder(kind).type)


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
    return _decode(data, what, limit, json_decoder(kind))


def decode_msgpack(data: bytes, kind: type[T], *, what: str, limit: int) -> T:
    """Decode MessagePack strictly into ``kind``; otherwise like ``decode_json``."""
    return _decode(data, what, limit, msgpack_decoder(kind))


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
