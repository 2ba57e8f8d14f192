"""The segment index of fragmented MP4, read from its boxes."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from core.rendition import TICKS, Segment

_HEADER: Final = 8
_LARGE: Final = 1
# Flags of tfhd and trun.
_BASE, _DESCRIPTION, _DURATION = 0x1, 0x2, 0x8
_OFFSET, _FIRST_FLAGS, _SAMPLE_DURATION = 0x1, 0x4, 0x100
_SAMPLE_FIELDS: Final = (0x100, 0x200, 0x400, 0x800)


class Index(NamedTuple):
    """Bytes before the first segment, and the segments."""

    head: int
    segments: list[Segment]


class _Box(NamedTuple):
    kind: bytes
    start: int
    size: int


def read_index(file: BinaryIO) -> Index:
    """Read the index of a file that this package wrote: each fragment is a segment.

    The first track of the file gives the durations.

    Raises:
        ValueError: the file has no fragments, or boxes that contradict each other.
    """
    head = 0
    scale = 0
    sizes: list[int] = []
    durations: list[int] = []
    for box in _boxes(file):
        if box.kind == b"moof":
            sizes.append(box.size)
            durations.append(_duration(_content(file, box)))
        elif sizes:
            sizes[-1] += box.size
        else:
            head += box.size
            if box.kind == b"moov":
                scale = _timescale(_content(file, box))
    if not sizes or not scale:
        raise ValueError("no fragments")
    return Index(head, _segments(sizes, durations, scale))


def _segments(sizes: list[int], durations: list[int], scale: int) -> list[Segment]:
    # Rounded where each ends, so that roundings do not add up.
    ends, total = [0], 0
    for duration in durations:
        total += duration
        ends.append(total * TICKS // scale)
    return [
        Segment(size, end - start)
        for size, start, end in zip(sizes, ends[:-1], ends[1:], strict=True)
    ]


def _boxes(file: BinaryIO) -> Iterator[_Box]:
    end = file.seek(0, 2)
    start = 0
    while start < end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(_HEADER))
        if size == _LARGE:
            (size,) = struct.unpack(">Q", file.read(_HEADER))
        if size < _HEADER or start + size > end:
            raise ValueError("a box is cut off")
        yield _Box(kind, start, size)
        start += size


def _content(file: BinaryIO, box: _Box) -> bytes:
    file.seek(box.start + _HEADER)
    return file.read(box.size - _HEADER)


def _inner(data: bytes, *path: bytes) -> bytes:
    """Give the content of the first box at a path."""
    for wanted in path:
        at = 0
        while at < len(data):
            size, kind = struct.unpack_from(">I4s", data, at)
            if kind == wanted:
                data = data[at + _HEADER : at + size]
                break
            at += max(size, _HEADER)
        else:
            raise ValueError(f"no {wanted.decode()}")
    return data


def _timescale(moov: bytes) -> int:
    header = _inner(moov, b"trak", b"mdia", b"mdhd")
    # Version 1 has times of 8 bytes.
    return int(struct.unpack_from(">I", header, 20 if header[0] else 12)[0])


def _duration(moof: bytes) -> int:
    """Give the duration of the first track's samples in a fragment."""
    track = _inner(moof, b"traf")
    header = _inner(track, b"tfhd")
    flags = int.from_bytes(header[1:4], "big")
    at = 8 + 8 * bool(flags & _BASE) + 4 * bool(flags & _DESCRIPTION)
    usual = struct.unpack_from(">I", header, at)[0] if flags & _DURATION else 0
    total = 0
    at = 0
    while at < len(track):
        size, kind = struct.unpack_from(">I4s", track, at)
        if kind == b"trun":
            total += _run(track[at + _HEADER : at + size], usual)
        at += max(size, _HEADER)
    return total


def _run(run: bytes, usual: int) -> int:
    flags, count = int.from_bytes(run[1:4], "big"), struct.unpack_from(">I", run, 4)[0]
    if not flags & _SAMPLE_DURATION:
        return int(count * usual)
    at = 8 + 4 * bool(flags & _OFFSET) + 4 * bool(flags & _FIRST_FLAGS)
    width = 4 * sum(1 for field in _SAMPLE_FIELDS if flags & field)
    return sum(struct.unpack_from(">I", run, at + n * width)[0] for n in range(count))
