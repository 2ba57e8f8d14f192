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

STORED, ZSTD, PATCH, EXPANDED_ZSTD, EXPANDED_PATCH = 0, 1, 2, 17, 18


def decoded(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    """Give the bytes that a block makes.

    Raises:
        WrongBundleError: The codec is unknown, or the payload is wrong.
    """
    if codec in (EXPANDED_ZSTD, EXPANDED_PATCH):
        made = _expanded(codec - 16, payload, references)
    elif codec == STORED:
        made = payload
    else:
        made = _compressed(codec, payload, references, size)
    demand(len(made) == size, "a block of another size")
    return made


def _compressed(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    if codec == ZSTD:
        return unzstd(payload, size, references)
    demand(codec == PATCH, "an unknown codec")
    return _patched(payload, references, size)


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


def _patched(payload: bytes, references: bytes, size: int) -> bytes:
    demand(payload and 12 <= payload[0] <= 24, "an unknown dictionary")
    lzma2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << payload[0]}
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma2])
    most_numbers = min(size, 2 * MIB) + 65536
    most = size + most_numbers
    try:
        reader = Reader(decoder.decompress(payload[1:], most + 1))
    except lzma.LZMAError as error:
        raise WrongBundleError("not LZMA2") from error
    demand(decoder.eof and not decoder.unused_data, "not one stream of LZMA2, or too large")
    demand(reader.left <= most, "a patch of too many bytes")
    sizes = reader.numbers(4)
    demand(sizes[0] + sizes[1] <= most_numbers, "pieces and runs of too many bytes")
    pieces, runs, differences = (reader.part(bytes_of_it) for bytes_of_it in sizes[:3])
    places, end = [], 0
    while pieces.left:
        fresh, begin, length = pieces.number(), end + pieces.signed(), pieces.number()
        end = begin + length
        demand(0 <= begin <= end <= len(references), "a piece outside the references")
        places.append((fresh, begin, end))
    demand(sum(end - begin for _, begin, end in places) == sizes[3], "pieces of another size")
    demand(sizes[3] <= size, "pieces of more than the patch makes")
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
