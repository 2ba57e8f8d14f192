"""DEFLATE taken apart and put together again: what zip, PDF, gzip and PNG files are compressed by.

A change of one letter changes all that follows it in a DEFLATE stream. So a block may refer to
what streams of an old file inflate to, and give what streams of the new file are deflated from.
Both are told by a *recipe*: where the streams are. What is between them stays as it is.

    inflate   (references, recipe)  ->  references with their streams inflated
    deflate   (content, recipe)     ->  content with its parts deflated again

A stream may hold a file that has streams itself, such as a picture in a document in a course.

The encoder is stock zlib with a level, a memory level and a strategy, whatever made the stream;
whoever makes a recipe has tried that it gives the same bytes. ``core.bundle.same_deflate`` tells
whether this machine's zlib is such a one.

A recipe's text is columns of numbers (``core.bundle.varint``), since columns compress well:

    1 number      of entries
    kinds         a byte for each entry: 0 ends the entries inside a stream; 1 raw DEFLATE;
                  9 to 15 zlib with a window of so many bits; 16 more for one that is in a PNG's
                  IDAT chunks; 128 more where entries follow that are inside what it inflates to
    gaps          for each stream: bytes before it that stay
    lengths       for each stream: bytes that it takes, to be inflated or to be deflated
    levels        to deflate: a byte for each stream
    settings      to deflate: a byte for each stream: memory level, and 16 times the strategy
    chunks        to deflate: for each PNG the number of its chunks, and the length of each
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from core.bundle.varint import pack, unpack_first
from core.errors import RefusedError

MAX_EXPANDED_BYTES: Final = 32 * 1024 * 1024
"""Most bytes that a recipe's content has, inflated; 16 MiB blocks and their references fit."""
MOST_STREAMS: Final = 65_536
MOST_CHUNKS: Final = 65_536
"""Most chunks of all pictures of a recipe."""
DEEPEST: Final = 3
RAW: Final = 1
PNG: Final = 16
SMALLEST_WINDOW: Final = 9
LARGEST_WINDOW: Final = 15
_END: Final = 0
_HOLDS: Final = 128
_CHUNK: Final = struct.Struct(">I4s")
_CRC: Final = struct.Struct(">I")
_CHUNK_BYTES: Final = 12
_IDAT: Final = b"IDAT"
_STRATEGIES: Final = 16

Packed: TypeAlias = memoryview | bytearray
"""A stream's own bytes."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a stream is deflated, as zlib takes it.

    Attributes:
        level: 1 to 9. What level 0 gives depends on how its output is taken.
        memory: 1 to 9.
        strategy: 0 to 4.
    """

    level: int
    memory: int = 8
    strategy: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """A DEFLATE stream in a text.

    Attributes:
        gap: bytes between it and the stream before, or the beginning.
        kind: RAW, or the bits of a zlib stream's window, and PNG more in IDAT chunks.
        packed: bytes that it takes in the file.
        plain: bytes that it inflates to.
        encoding: how it is deflated; None where nobody has found out.
        chunks: lengths of a PNG's chunks.
        inner: the streams in what it inflates to.
    """

    gap: int
    kind: int
    packed: int
    plain: int
    encoding: Encoding | None = None
    chunks: tuple[int, ...] = ()
    inner: tuple["Stream", ...] = ()

    @property
    def size(self) -> int:
        """Bytes of what it inflates to, with the streams in it inflated, too."""
        return self.plain + sum(one.size - one.packed for one in self.inner)


def inflating_recipe(streams: Sequence[Stream]) -> bytes:
    """Tell what ``inflate`` is to inflate."""
    kinds, flat = _columns(streams)
    return b"".join(
        [
            pack([len(kinds)]),
            kinds,
            pack(one.gap for one in flat),
            pack(one.packed for one in flat),
        ]
    )


def deflating_recipe(streams: Sequence[Stream]) -> bytes:
    """Tell what ``deflate`` is to deflate, and how."""
    kinds, flat = _columns(streams)
    ways = [one.encoding for one in flat if one.encoding is not None]
    if len(ways) != len(flat):
        raise ValueError("a stream without a known encoding cannot be deflated")
    return b"".join(
        [
            pack([len(kinds)]),
            kinds,
            pack(one.gap for one in flat),
            pack(one.size for one in flat),
            bytes(way.level for way in ways),
            bytes(way.memory + _STRATEGIES * way.strategy for way in ways),
            pack(n for one in flat if one.kind & PNG for n in (len(one.chunks), *one.chunks)),
        ]
    )


def _columns(streams: Sequence[Stream]) -> tuple[bytes, list[Stream]]:
    kinds, flat = bytearray(), []
    for one in streams:
        kinds.append(one.kind | _HOLDS if one.inner else one.kind)
        flat.append(one)
        if one.inner:
            more, inner = _columns(one.inner)
            kinds += more + bytes([_END])
            flat += inner
    return bytes(kinds), flat


class _Recipe:
    """Reads a recipe's columns.

    Attributes:
        left: bytes that the text may still have more.
        chunks_left: chunks that its pictures may still have more.
    """

    def __init__(self, recipe: bytes | memoryview, *, deflates: bool) -> None:
        view = memoryview(recipe)
        (count,), start = unpack_first(view, 1)
        if count > MOST_STREAMS or start + count > len(view):
            raise _fault()
        self._kinds = iter(view[start : start + count])
        streams = count - bytes(view[start : start + count]).count(_END)
        numbers, taken = unpack_first(view[start + count :], 2 * streams)
        self._gaps, self._lengths = iter(numbers[:streams]), iter(numbers[streams:])
        rest = view[start + count + taken :]
        self._levels = iter(rest[:streams] if deflates else b"")
        self._settings = iter(rest[streams : 2 * streams] if deflates else b"")
        self._chunks = rest[2 * streams :]
        self.left = MAX_EXPANDED_BYTES
        self.chunks_left = MOST_CHUNKS
        if deflates and len(rest) < 2 * streams:
            raise _fault()
        if not deflates and rest:
            raise _fault()

    def entries(self, depth: int) -> Iterator[tuple[int, bool, int, int]]:
        """Give the streams of a text: kind, whether others are inside, gap, length."""
        if depth > DEEPEST:
            raise _fault()
        for kind in self._kinds:
            if kind == _END:
                if not depth:
                    raise _fault()
                return
            alone = kind & ~_HOLDS
            if alone != RAW and not SMALLEST_WINDOW <= alone & ~PNG <= LARGEST_WINDOW:
                raise _fault()
            yield alone, alone != kind, next(self._gaps), next(self._lengths)
        if depth:
            raise _fault()

    def encoding(self) -> Encoding:
        """Give how the next stream is deflated."""
        level, setting = next(self._levels), next(self._settings)
        found = Encoding(level, setting % _STRATEGIES, setting // _STRATEGIES)
        is_known = 1 <= found.level <= 9 and 1 <= found.memory <= 9 and found.strategy <= 4  # noqa: PLR2004 -- zlib's own numbers
        if not is_known:
            raise _fault()
        return found

    def chunks(self) -> list[int]:
        """Give the lengths of the next PNG's chunks."""
        (count,), start = unpack_first(self._chunks, 1)
        self.chunks_left -= count
        if self.chunks_left < 0:
            raise _fault()
        lengths, taken = unpack_first(self._chunks[start:], count)
        self._chunks = self._chunks[start + taken :]
        return lengths

    def spend(self, size: int) -> None:
        """Count bytes that the text has more."""
        self.left -= size
        if self.left < 0:
            raise _fault()

    def end(self) -> None:
        """Refuse a recipe that goes on."""
        if self._chunks:
            raise _fault()


def inflate(data: bytes | bytearray, recipe: bytes) -> bytearray:
    """Inflate the streams of a text, and those inside them.

    Args:
        data: the text, such as a block's references.
        recipe: what ``inflating_recipe`` gave.

    Raises:
        RefusedError: the recipe does not fit, or would make more than is allowed.
    """
    steps = _Recipe(recipe, deflates=False)
    steps.spend(len(data))
    return _inflated(memoryview(data), steps, 0)


def _inflated(data: memoryview, steps: _Recipe, depth: int) -> bytearray:
    made = bytearray()
    at = 0
    for kind, holds, gap, length in steps.entries(depth):
        start = at + gap
        if start + length > len(data):
            raise _fault()
        packed: Packed = data[start : start + length]
        if kind & PNG:
            packed, count = png_data(data[start : start + length], steps.chunks_left)
            steps.chunks_left -= count
        plain = inflate_stream(packed, kind, steps.left + length)
        # It takes the place of the stream.
        steps.spend(len(plain) - length)
        made += data[at:start]
        made += _inflated(memoryview(plain), steps, depth + 1) if holds else plain
        at = start + length
    made += data[at:]
    return made


def inflate_stream(packed: Packed, kind: int, limit: int) -> bytes:
    """Inflate one stream that fills ``packed`` to its last byte; a PNG's is out of its chunks.

    Raises:
        RefusedError: it does not, or gives more than ``limit`` bytes.
    """
    stream = zlib.decompressobj(_window(kind))
    try:
        plain = stream.decompress(packed, limit + 1)
    except zlib.error as error:
        raise _fault() from error
    if not stream.eof or stream.unused_data or len(plain) > limit:
        raise _fault()
    return plain


def _window(kind: int) -> int:
    """Give what zlib calls a kind."""
    return -LARGEST_WINDOW if kind == RAW else kind & ~PNG


def png_data(chunks: memoryview, most: int = MOST_CHUNKS) -> tuple[bytearray, int]:
    """Put together what is in consecutive IDAT chunks; give how many there are, too.

    Raises:
        RefusedError: there is something else between them, or there are more than ``most``.
    """
    data = bytearray()
    at = count = 0
    while at < len(chunks):
        count += 1
        if len(chunks) - at < _CHUNK_BYTES or count > most:
            raise _fault()
        length, name = _CHUNK.unpack_from(chunks, at)
        at += _CHUNK_BYTES + length
        if name != _IDAT or at > len(chunks):
            raise _fault()
        data += chunks[at - 4 - length : at - 4]
    return data, count


def deflate(
    content: bytes | bytearray | memoryview, recipe: bytes | memoryview, size: int
) -> bytearray:
    """Deflate parts of a text, and first the parts inside them.

    Args:
        content: the text, inflated.
        recipe: what ``deflating_recipe`` gave.
        size: bytes that it must give.

    Raises:
        RefusedError: the recipe does not fit, or gives another number of bytes.
    """
    steps = _Recipe(recipe, deflates=True)
    steps.spend(len(content))
    made = _deflated(memoryview(content), steps, 0)
    steps.end()
    if len(made) != size:
        raise _fault()
    return made


def _deflated(content: memoryview, steps: _Recipe, depth: int) -> bytearray:
    made = bytearray()
    at = 0
    for kind, holds, gap, length in steps.entries(depth):
        way = steps.encoding()
        chunks = steps.chunks() if kind & PNG else []
        start = at + gap
        if start + length > len(content):
            raise _fault()
        plain = content[start : start + length]
        inner = memoryview(_deflated(plain, steps, depth + 1)) if holds else plain
        packed = deflate_stream(inner, kind, way, chunks)
        steps.spend(len(packed) - length)
        made += content[at:start]
        made += packed
        at = start + length
    made += content[at:]
    return made


def deflate_stream(
    plain: bytes | memoryview, kind: int, way: Encoding, chunks: Sequence[int] = ()
) -> bytes:
    """Deflate one stream.

    Raises:
        RefusedError: a PNG's chunks do not add up.
    """
    encoder = zlib.compressobj(way.level, zlib.DEFLATED, _window(kind), way.memory, way.strategy)
    packed = encoder.compress(plain) + encoder.flush()
    return _png_chunks(packed, chunks) if kind & PNG else packed


def _png_chunks(packed: bytes, lengths: Sequence[int]) -> bytes:
    if sum(lengths) != len(packed):
        raise _fault()
    made = bytearray()
    at = 0
    for length in lengths:
        body = packed[at : at + length]
        made += _CHUNK.pack(length, _IDAT)
        made += body
        made += _CRC.pack(zlib.crc32(body, zlib.crc32(_IDAT)))
        at += length
    return bytes(made)


def _fault() -> RefusedError:
    return RefusedError("A block of the bundle is damaged.")
