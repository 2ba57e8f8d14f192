"""Payload and references to the bytes that a block makes."""

import lzma

from tests.support.second_decoder.reading import MIB, Reader, WrongBundleError, demand, unzstd
from tests.support.second_decoder.recipes import (
    MOST_EXPANDED,
    MOST_RECIPE_BYTES,
    deflated,
    inflated,
    read_recipe,
)

STORED, ZSTD, PATCH, PARTS, EXPANDED = 0, 1, 2, 3, 16


def decoded(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    """Give the bytes that a block makes.

    Raises:
        WrongBundleError: The codec is unknown, or the payload is wrong.
    """
    if codec in (EXPANDED + ZSTD, EXPANDED + PATCH, EXPANDED + PARTS):
        made = _expanded(codec - EXPANDED, payload, references)
    elif codec == STORED:
        made = payload
    else:
        made = _compressed(codec, payload, references, size)
    demand(len(made) == size, "a block of another size")
    return made


def _compressed(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    if codec == ZSTD:
        return unzstd(payload, size, references)
    if codec == PARTS:
        return _patched(_streams(Reader(payload), references, size), references, size)
    demand(codec == PATCH, "an unknown codec")
    demand(payload, "no dictionary")
    reader = Reader(_unlzma(payload[0], payload[1:], _most_of_patch(size)))
    sizes = reader.numbers(4)
    streams = [reader.part(bytes_of_it) for bytes_of_it in sizes[:3]]
    demand(sizes[3] + reader.left == size, "pieces of another size")
    return _patched([*streams, reader], references, size)


def _expanded(codec: int, payload: bytes, references: bytes) -> bytes:
    reader = Reader(payload)
    packed_size, recipe_size, deflating_size, content_size = reader.numbers(4)
    demand(deflating_size + content_size <= MOST_EXPANDED, "more than 32 MiB")
    if packed_size:
        demand(recipe_size <= MOST_RECIPE_BYTES, "a recipe of too many bytes")
        recipe = unzstd(reader.take(packed_size), recipe_size)
        references = inflated(references, read_recipe(recipe, to_deflate=False))
        demand(len(references) <= MOST_EXPANDED, "more than 32 MiB")
    rest = reader.take(reader.left)
    made = Reader(_compressed(codec, rest, references, deflating_size + content_size))
    recipe, content = made.take(deflating_size), made.take(content_size)
    return deflated(content, read_recipe(recipe, to_deflate=True)) if recipe else content


def _most_of_numbers(size: int) -> int:
    return min(size, 2 * MIB) + 65536


def _most_of_patch(size: int) -> int:
    return size + _most_of_numbers(size)


def _unlzma(bits: int, packed: bytes, most: int) -> bytes:
    demand(12 <= bits <= 24, "an unknown dictionary")
    lzma2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << bits}
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma2])
    try:
        plain = decoder.decompress(packed, most + 1)
    except lzma.LZMAError as error:
        raise WrongBundleError("not LZMA2") from error
    demand(decoder.eof and not decoder.unused_data, "not one stream of LZMA2, or too large")
    demand(len(plain) <= most, "more than it may give")
    return plain


def _streams(payload: Reader, references: bytes, size: int) -> list[Reader]:
    """Unpack the streams of a patch that are packed each on its own."""
    heads = [payload.numbers(3) for _ in range(4)]
    demand(sum(plain for _, _, plain in heads) <= _most_of_patch(size), "a patch that is too large")
    streams: list[Reader] = []
    for way, packed, plain in heads:
        data = payload.take(packed)
        if way in (1, 2):
            data = unzstd(data, plain, references if way == 2 else b"")
        elif way:
            data = _unlzma(way, data, plain)
        demand(len(data) == plain, "a stream of another size")
        streams.append(Reader(data))
    payload.end()
    return streams


def _patched(streams: list[Reader], references: bytes, size: int) -> bytes:
    pieces, runs, differences, reader = streams
    demand(pieces.left + runs.left <= _most_of_numbers(size), "pieces and runs of too many bytes")
    demand(reader.left <= size, "more fresh bytes than the patch makes")
    covered = size - reader.left
    places, end = [], 0
    while pieces.left:
        fresh, begin, length = pieces.number(), end + pieces.signed(), pieces.number()
        end = begin + length
        demand(0 <= begin <= end <= len(references), "a piece outside the references")
        places.append((fresh, begin, end))
    demand(sum(end - begin for _, begin, end in places) == covered, "pieces of another size")
    old = b"".join(references[begin:end] for _, begin, end in places)
    changed = Reader(_changed(Reader(old), runs, differences))
    parts: list[bytes] = []
    for fresh, begin, end in places:
        parts += reader.take(fresh), changed.take(end - begin)
    return b"".join([*parts, reader.take(reader.left)])


def _changed(old: Reader, runs: Reader, differences: Reader) -> bytes:
    parts = []
    while runs.left:
        parts.append(old.take(runs.number()))
        unlike = runs.number()
        pairs = zip(old.take(unlike), differences.take(unlike), strict=True)
        parts.append(bytes((byte + difference) % 256 for byte, difference in pairs))
    differences.end()
    return b"".join([*parts, old.take(old.left)])
