"""Whole numbers in as few bytes as they need: LEB128, seven bits a byte, the lowest first."""

from collections.abc import Iterable, Iterator
from typing import Final

from core.errors import RefusedError

_MORE: Final = 0x80
# Seven bytes reach past every size that is allowed; longer ones are nobody's.
_MOST_BITS: Final = 49
# Bytes behind which a number goes on.
_GOING_ON: Final = bytes(range(_MORE, 256))


def pack(numbers: Iterable[int]) -> bytes:
    """Encode numbers from 0, one after the other."""
    packed = bytearray()
    for number in numbers:
        left = number
        while left >= _MORE:
            packed.append(left & 0x7F | _MORE)
            left >>= 7
        packed.append(left)
    return bytes(packed)


def unpack(data: bytes | memoryview, most: int) -> list[int]:
    """Decode all numbers of ``data``.

    Args:
        data: the numbers.
        most: how many there may be.

    Raises:
        RefusedError: the last one has no end, one is too large, or there are too many.
    """
    # They take many times the memory that their bytes take, so they are counted first.
    if len(data) > most and count_of(data) > most:
        raise RefusedError("A list of numbers in the bundle is too long.")
    return list(numbers_of(data))


def count_of(data: bytes | memoryview) -> int:
    """Give how many numbers end in ``data``."""
    return len(bytes(data).translate(None, _GOING_ON))


def numbers_of(data: bytes | memoryview) -> Iterator[int]:
    """Decode the numbers of ``data`` one by one, as they are asked for.

    Raises:
        RefusedError: the last one has no end, or one is too large.
    """
    number = shift = 0
    for byte in data:
        if byte < _MORE:
            yield number | byte << shift
            number = shift = 0
            continue
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift >= _MOST_BITS:
            raise RefusedError("A number in the bundle is too large.")
    if shift:
        raise RefusedError("A list of numbers in the bundle is cut off.")


def unpack_first(data: bytes | memoryview, count: int) -> tuple[list[int], int]:
    """Decode the first ``count`` numbers of ``data``.

    Returns:
        The numbers, and the bytes that they take.

    Raises:
        RefusedError: there are fewer, or one is too large.
    """
    numbers: list[int] = []
    start = 0
    for position, byte in enumerate(data):
        if len(numbers) == count:
            return numbers, position
        if byte < _MORE:
            numbers += numbers_of(data[start : position + 1])
            start = position + 1
    if len(numbers) < count:
        raise RefusedError("A list of numbers in the bundle is cut off.")
    return numbers, start


def signed(number: int) -> int:
    """Give the number, above or below 0, that ``unsigned`` has encoded."""
    return number >> 1 if not number & 1 else -(number + 1 >> 1)


def unsigned(number: int) -> int:
    """Encode a number above or below 0 as one from 0, small where it is near 0."""
    return number << 1 if number >= 0 else (-number << 1) - 1
