"""DEFLATE streams in a text: inflated by a recipe, and deflated by one."""

import struct
import zlib
from dataclasses import dataclass, field

from tests.support.second_decoder.reading import MIB, Reader, WrongBundleError, demand

DEEPEST = 3
MOST_EXPANDED = 32 * MIB
MOST_RECIPE_BYTES = 2 * MIB
MOST_ENTRIES = 65_536


@dataclass
class Stream:
    """One DEFLATE stream of a text, with the streams in what it inflates to."""

    kind: int
    gap: int = 0
    length: int = 0
    level: int = 0
    memory: int = 0
    strategy: int = 0
    chunks: list[int] = field(default_factory=list)
    inside: list["Stream"] = field(default_factory=list)

    @property
    def in_png(self) -> bool:
        """Say whether it lies in chunks of a PNG."""
        return self.kind >= 25

    @property
    def window(self) -> int:
        """Give its window as zlib's functions want it."""
        return -15 if self.kind == 1 else self.kind & 15


def read_recipe(data: bytes, *, to_deflate: bool) -> list[Stream]:
    """Read the streams of a text, outermost ones first.

    Raises:
        WrongBundleError: It is no recipe.
    """
    demand(len(data) <= MOST_RECIPE_BYTES, "a recipe of too many bytes")
    reader = Reader(data)
    kinds = reader.take(reader.number())
    demand(len(kinds) <= MOST_ENTRIES, "a recipe of too many entries")
    outermost, every = _streams_of(kinds)
    for stream in every:
        stream.gap = reader.number()
    for stream in every:
        stream.length = reader.number()
    if to_deflate:
        _read_ways(reader, every)
    reader.end()
    return outermost


def _streams_of(kinds: bytes) -> tuple[list[Stream], list[Stream]]:
    """Give the outermost streams, and all in the order of their entries."""
    outermost: list[Stream] = []
    every: list[Stream] = []
    open_lists = [outermost]
    for byte in kinds:
        if byte == 0:
            open_lists.pop()
            demand(open_lists, "an end without a beginning")
            continue
        kind = byte & 127
        demand(kind == 1 or 9 <= kind <= 15 or 25 <= kind <= 31, "an unknown kind of stream")
        stream = Stream(kind)
        open_lists[-1].append(stream)
        every.append(stream)
        if byte & 128:
            open_lists.append(stream.inside)
            demand(len(open_lists) <= 1 + DEEPEST, "streams too deep inside streams")
    demand(len(open_lists) == 1, "a beginning without an end")
    return outermost, every


def _read_ways(reader: Reader, streams: list[Stream]) -> None:
    """Read how streams are to be deflated."""
    for stream in streams:
        stream.level = reader.take(1)[0]
        demand(1 <= stream.level <= 9, "no level of zlib's")
    for stream in streams:
        stream.strategy, stream.memory = divmod(reader.take(1)[0], 16)
        demand(stream.strategy <= 4 and 1 <= stream.memory <= 9, "no setting of zlib's")
    for stream in streams:
        if stream.in_png:
            stream.chunks = reader.numbers(reader.number())


def inflated(text: bytes, streams: list[Stream]) -> bytes:
    """Give a text with its streams inflated."""
    reader, parts = Reader(text), []
    for stream in streams:
        parts.append(reader.take(stream.gap))
        packed = reader.take(stream.length)
        if stream.in_png:
            packed = _without_chunks(packed)
        parts.append(inflated(_inflate(packed, stream.window), stream.inside))
    return b"".join([*parts, reader.take(reader.left)])


def deflated(text: bytes, streams: list[Stream]) -> bytes:
    """Give a text with its streams deflated again."""
    reader, parts = Reader(text), []
    for stream in streams:
        parts.append(reader.take(stream.gap))
        plain = deflated(reader.take(stream.length), stream.inside)
        packed = _deflate(plain, stream)
        parts.append(_in_chunks(packed, stream.chunks) if stream.in_png else packed)
    return b"".join([*parts, reader.take(reader.left)])


def _deflate(plain: bytes, way: Stream) -> bytes:
    encoder = zlib.compressobj(way.level, zlib.DEFLATED, way.window, way.memory, way.strategy)
    return encoder.compress(plain) + encoder.flush()


def _inflate(packed: bytes, window: int) -> bytes:
    decoder = zlib.decompressobj(window)
    try:
        plain = decoder.decompress(packed, MOST_EXPANDED + 1)
    except zlib.error as error:
        raise WrongBundleError("not a DEFLATE stream") from error
    demand(decoder.eof and not decoder.unused_data, "a stream of another length, or too large")
    return plain


def _without_chunks(png: bytes) -> bytes:
    reader, parts = Reader(png), []
    while reader.left:
        (length,) = struct.unpack(">I", reader.take(4))
        demand(reader.take(4) == b"IDAT", "another chunk than IDAT")
        parts.append(reader.take(length))
        reader.take(4)
    return b"".join(parts)


def _in_chunks(packed: bytes, lengths: list[int]) -> bytes:
    reader, parts = Reader(packed), []
    for length in lengths:
        data = b"IDAT" + reader.take(length)
        parts.append(struct.pack(">I", length) + data + struct.pack(">I", zlib.crc32(data)))
    reader.end()
    return b"".join(parts)
