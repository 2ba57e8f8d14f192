"""Finding the DEFLATE streams of a file, and how each was deflated.

Whatever is not understood is left as it is: a file is never refused for its form.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import islice
from mmap import mmap
from typing import IO, Final, NamedTuple, cast

from core.bundle.expansion import (
    DEEPEST,
    LARGEST_WINDOW,
    PNG,
    RAW,
    SMALLEST_WINDOW,
    Encoding,
    Stream,
    deflate_stream,
    inflate_stream,
    png_data,
)
from core.errors import RefusedError
from packager.delta.recipes import Found, is_usable, spaced

MOST_INFLATED: Final = 8 * 1024 * 1024
"""Larger streams stay as they are, so that blocks can end between streams."""
MOST_WITH_INNER: Final = 2 * MOST_INFLATED
"""Most bytes of a stream's text with the streams in it inflated, too."""
# Smaller ones cost as much as they save.
_LEAST_INFLATED: Final = 32
# Bytes that are inflated in search of a file's streams, at most: so many, and so many for each of
# its own. A file that is made to look full of streams would keep the search busy for hours.
_MOST_WORK: Final = 256 * 1024 * 1024
_WORK_PER_BYTE: Final = 64
# Places of a file at which streams are looked for: as many as a pack may have files. A file that is
# made to look full of them would take a gigabyte, were all of them known at once.
_MOST_PLACES: Final = 200_000
_PROBE: Final = 64 * 1024
_LOCAL_HEADER: Final = struct.Struct("<26xHH")
_MEMBER: Final = re.compile(rb"PK\x01\x02")
_ENCRYPTED: Final = 1
# A member that is not compressed, but may be a file with streams.
_STORED: Final = 0
_PDF_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n")
_ZLIB: Final = 8
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK: Final = struct.Struct(">I4s")
_GZIP: Final = b"\x1f\x8b\x08"
_ZIP: Final = b"PK\x03\x04"
_PDF: Final = b"%PDF-"
HEAD_BYTES: Final = 8
"""Bytes of a file by which ``may_have_streams`` tells."""
# Flags of a gzip header in their order: extra field, name, comment, checksum.
_EXTRA, _NAME, _COMMENT, _CHECKSUM = 4, 8, 16, 2

# What encoders of documents and archives use, the most usual first.
_USUAL: Final = tuple(
    Encoding(level, memory, strategy)
    for memory in (8, 9)
    for strategy, levels in ((0, (6, 9, 1, 5, 8, 7, 4, 3, 2)), (1, (6, 9)), (2, (6,)), (3, (6,)))
    for level in levels
)


def may_have_streams(head: bytes) -> bool:
    """Tell by the first bytes of a file whether it is of a kind that has streams."""
    return head.startswith((_ZIP, _PDF, _GZIP, _PNG_SIGNATURE))


def streams_of(data: memoryview, encodings: "Encodings | None" = None) -> list[Stream]:
    """Find the streams of a file, in order.

    Args:
        data: the file.
        encodings: tries how each was deflated; streams of which it does not find that out are
            left out. None where that does not matter.
    """
    work = _MOST_WORK + _WORK_PER_BYTE * len(data)
    return list(_placed(spaced(_Finder(encodings, work).found(data))))


class Encodings:
    """Finds out how streams were deflated, remembering what was right for the last ones."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._last: dict[int, list[Encoding]] = {}

    def of(self, packed: memoryview, plain: bytes, one: Stream) -> Encoding | None:
        """Give the encoding by which ``plain`` becomes ``packed``, None for none."""
        recent = self._last.setdefault(one.kind, [])
        for way in [*recent, *(way for way in _USUAL if way not in recent)]:
            if _begins_so(packed, plain, one, way) and _is_so(packed, plain, one, way):
                if way in recent:
                    recent.remove(way)
                recent.insert(0, way)
                return way
        return None


def _begins_so(packed: memoryview, plain: bytes, one: Stream, way: Encoding) -> bool:
    """Look at the beginning of a long stream, which most wrong encodings betray."""
    if one.kind & PNG or len(plain) <= 2 * _PROBE:
        return True
    window = -LARGEST_WINDOW if one.kind == RAW else one.kind
    encoder = zlib.compressobj(way.level, zlib.DEFLATED, window, way.memory, way.strategy)
    begins = encoder.compress(plain[:_PROBE])
    return packed[: len(begins)] == begins


def _is_so(packed: memoryview, plain: bytes, one: Stream, way: Encoding) -> bool:
    try:
        return deflate_stream(plain, one.kind, way, one.chunks) == packed
    except (RefusedError, zlib.error, ValueError):
        return False


class _Place(NamedTuple):
    """Where a stream may be.

    Attributes:
        start: where it begins.
        stop: where it ends, or before.
        kind: as in ``Stream``.
        chunks: lengths of a PNG's chunks.
    """

    start: int
    stop: int
    kind: int = RAW
    chunks: tuple[int, ...] = ()


def _placed(found: Iterable[Found]) -> Iterator[Stream]:
    """Give streams their gaps."""
    end = 0
    for start, one in found:
        yield replace(one, gap=start - end)
        end = start + one.packed


class _Finder:
    """Finds the streams of a file, and those of the files in it.

    Args:
        encodings: tries how each was deflated.
        work: how many bytes may be inflated, those of what is no stream after all included.
    """

    def __init__(self, encodings: Encodings | None, work: int) -> None:
        self._encodings = encodings
        self._work = work

    def found(self, data: memoryview, depth: int = 0) -> Iterator[Found]:
        """Find the streams of a file that is so many files deep in another.

        Gives them in order; of two that overlap, the first.
        """
        end = 0
        for place in islice(_places(data), _MOST_PLACES):
            if self._work <= 0:
                return
            if place.start < end:
                continue
            if place.kind == _STORED:
                end = place.stop
                if depth + 1 < DEEPEST:
                    inner = self.found(data[place.start : place.stop], depth + 1)
                    yield from ((place.start + at, one) for at, one in inner)
            elif one := self._stream(data, place, depth):
                end = place.start + one.packed
                yield place.start, one

    def _stream(self, data: memoryview, place: _Place, depth: int) -> Stream | None:
        """Give the stream at a place, if there is one that can be used."""
        part = data[place.start : place.stop]
        try:
            if place.kind & PNG:
                inside, _ = png_data(part)
                plain, packed = inflate_stream(inside, place.kind, MOST_INFLATED), len(part)
                self._work -= len(plain)
            else:
                plain, packed = self._inflated(part, place.kind)
        except (RefusedError, zlib.error):
            # What came of it last was not counted.
            self._work -= _PROBE
            return None
        one = Stream(0, place.kind, packed, len(plain), chunks=place.chunks)
        if len(plain) < _LEAST_INFLATED or packed > MOST_INFLATED or not is_usable(one):
            return None
        if self._encodings is not None:
            encoding = self._encodings.of(part[:packed], plain, one)
            if encoding is None:
                return None
            one = replace(one, encoding=encoding)
        if depth + 1 == DEEPEST:
            return one
        inner = tuple(_placed(self.found(memoryview(plain), depth + 1)))
        whole = replace(one, inner=inner)
        return whole if whole.size <= MOST_WITH_INNER and is_usable(whole) else one

    def _inflated(self, data: memoryview, kind: int) -> tuple[bytes, int]:
        """Inflate a stream that ends anywhere; give its content, and the bytes that it takes."""
        stream = zlib.decompressobj(-LARGEST_WINDOW if kind == RAW else kind)
        parts: list[bytes] = []
        size = at = 0
        while not stream.eof:
            chunk: bytes | memoryview = stream.unconsumed_tail
            if not chunk:
                chunk = data[at : at + _PROBE]
                at += len(chunk)
            part = stream.decompress(chunk, _PROBE)
            size += len(part)
            self._work -= len(part)
            parts.append(part)
            if not (chunk or part) or size > MOST_INFLATED:
                raise zlib.error("too long, or cut off")
        return b"".join(parts), at - len(stream.unused_data)


def _places(data: memoryview) -> Iterator[_Place]:
    """Give where streams may be in a file, by its kind, in ascending order."""
    head = bytes(data[:HEAD_BYTES])
    if len(head) < HEAD_BYTES:
        return
    if head.startswith(_ZIP):
        yield from sorted(_in_zip(data))
    elif head.startswith(_PDF):
        yield from _in_pdf(data)
    elif head.startswith(_GZIP):
        yield from _in_gzip(data)
    elif head == _PNG_SIGNATURE:
        yield from _in_png(data)


def _in_zip(data: memoryview) -> Iterator[_Place]:
    """Find the members of an archive, those too that are only stored."""
    # All are read at once, half a kilobyte for each.
    if any(islice(_MEMBER.finditer(data), _MOST_PLACES, None)):
        return
    # A large one is not copied.
    file = data.obj if isinstance(data.obj, mmap) and len(data) == len(data.obj) else None
    try:
        with zipfile.ZipFile(cast("IO[bytes]", file) if file else BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError):
        return
    for one in members:
        start = one.header_offset + _LOCAL_HEADER.size
        if one.flag_bits & _ENCRYPTED or not _LOCAL_HEADER.size <= start <= len(data):
            continue
        start += sum(_LOCAL_HEADER.unpack_from(data, one.header_offset))
        stop = start + one.compress_size
        if stop > len(data):
            continue
        if one.compress_type == zipfile.ZIP_DEFLATED:
            yield _Place(start, stop)
        elif one.compress_type == zipfile.ZIP_STORED:
            yield _Place(start, stop, _STORED)


def _in_pdf(data: memoryview) -> Iterator[_Place]:
    for match in _PDF_STREAM.finditer(data):
        start = match.end()
        if start + 2 > len(data):
            return
        first, second = data[start], data[start + 1]
        window = (first >> 4) + 8
        is_zlib = first & 15 == _ZLIB and (first << 8 | second) % 31 == 0
        if is_zlib and SMALLEST_WINDOW <= window <= LARGEST_WINDOW:
            yield _Place(start, len(data), window)


def _in_gzip(data: memoryview) -> Iterator[_Place]:
    flags, at = data[3], 10
    head = bytes(data[: 64 * 1024])
    try:
        if flags & _EXTRA:
            at += 2 + int.from_bytes(head[at : at + 2], "little")
        for flag in (_NAME, _COMMENT):
            if flags & flag:
                at = head.index(0, at) + 1
    except ValueError:
        return
    yield _Place(at + (2 if flags & _CHECKSUM else 0), len(data))


def _in_png(data: memoryview) -> Iterator[_Place]:
    """Find the IDAT chunks, which follow one another."""
    at, start, lengths = len(_PNG_SIGNATURE), 0, list[int]()
    while at + 12 <= len(data):
        length, name = _PNG_CHUNK.unpack_from(data, at)
        if name == b"IDAT":
            start = start or at
            lengths.append(length)
        elif start:
            break
        at += 12 + length
    if not start or at > len(data) or not lengths[0]:
        return
    window = (data[start + 8] >> 4) + 8
    if SMALLEST_WINDOW <= window <= LARGEST_WINDOW:
        yield _Place(start, at, window | PNG, tuple(lengths))
