"""Format 1: the index, and the blocks made."""

from collections.abc import Mapping
from typing import Any

from tests.support.second_decoder.codecs import STORED, ZSTD, decoded
from tests.support.second_decoder.reading import MIB, Reader, demand, digest_of


def make_first(index: list[Any], payloads: Reader, held: Mapping[str, bytes]) -> list[bytes]:
    """Give the outputs of a bundle of format 1; the first one is the manifest.

    Raises:
        WrongBundleError: The bundle breaks a rule, or what it makes has another digest.
    """
    _, _, _, sources, outputs, blocks = index
    demand(len(outputs) <= 200_000 and len(blocks) <= 200_000, "too many blocks or outputs")
    demand(blocks and blocks[0][3][0][0] == 0, "block 0 does not begin the manifest")
    made = [bytearray() for _ in outputs]
    blobs = [*(held[digest.hex()] for digest in sources), *made]
    for codec, length, digest, slices, references in blocks:
        demand(1 <= length <= 16 * MIB + 65536, "a payload of a wrong length")
        payload = payloads.take(length)
        demand(digest_of(payload) == digest, "a block has another digest")
        size = sum(taken for _, _, taken in slices)
        demand(size <= 16 * MIB, "a block makes more than 16 MiB")
        demand(sum(taken for _, _, taken in references) <= 64 * MIB, "more than 64 MiB")
        demand(codec in (STORED, ZSTD), "a codec that format 1 has not")
        demand(codec or (len(slices) == 1 and not references), "stored, but not as one slice")
        old = b"".join(_slice(blobs[blob], at, taken) for blob, at, taken in references)
        text = Reader(decoded(codec, payload, old, size))
        for blob, at, taken in slices:
            demand(at == len(made[blob]), "a gap, or made twice")
            made[blob] += text.take(taken)
        text.end()
    payloads.end()
    for (digest, size), output in zip(outputs, made, strict=True):
        demand(len(output) == size and digest_of(bytes(output)) == digest, "an output is wrong")
    return [bytes(output) for output in made]


def _slice(blob: bytes | bytearray, at: int, taken: int) -> bytes:
    demand(at + taken <= len(blob), "a reference outside its blob, or not made yet")
    return bytes(blob[at : at + taken])
