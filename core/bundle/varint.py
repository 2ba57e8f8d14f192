"""Whole numbers in as few bytes as they need: LEB128, seven bits a byte, the lowest first."""

from collections.abc import Iterable
from typing import Final

from core.errors import RefusedError

_MORE: Final = 0x80
# Seven bytes reach past every size that is allowed; longer ones are nobody's.
_MOST_BITS: Final = 49


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


def unpack(data: bytes | memoryview) -> list[int]:
    """Decode all numbers of ``data``.

    Raises:
        RefusedError: the last one has no end, or one is too large.
    """
    numbers: list[int] = []
    number = shift = 0
    for byte in data:
        if byte < _MORE:
            numbers.append(number | byte << shift)
            number = shift = 0
            continue
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift >= _MOST_BITS:
            raise RefusedError("A number in the bundle is too large.")
    if shift:
        raise RefusedError("A list of numbers in the bundle is cut off.")
    return numbers


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
            numbers += unpack(data[start : position + 1])
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
