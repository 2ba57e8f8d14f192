"""What a few bytes may come to: refused in a process that could not hold it."""

import lzma
import resource
import subprocess
import sys
import zlib
from pathlib import Path

import msgspec
import pytest
import zstandard

from core.bundle.codecs import EXPANDED, PARTS, PATCH, ZSTD, decode_block
from core.bundle.expansion import (
    MOST_CHUNKS,
    PNG,
    RAW,
    Encoding,
    Stream,
    deflating_recipe,
    inflate,
    inflating_recipe,
)
from core.bundle.varint import pack
from core.errors import RefusedError

HUGE = 160 * 1024 * 1024
# What a process of this test may take beyond what it has when it begins.
ROOM = 128 * 1024 * 1024
EMPTY_CHUNK = b"\0\0\0\0IDAT" + zlib.crc32(b"IDAT").to_bytes(4)


def deflated(plain: bytes) -> bytes:
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    return encoder.compress(plain) + encoder.flush()


def lzma2(plain: bytes) -> bytes:
    way = {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16}
    return b"\x10" + lzma.compress(plain, lzma.FORMAT_RAW, filters=[way])


def zstd(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_content_size=False).compress(plain)


def expanded(inflating: bytes, deflating: bytes, content: bytes) -> bytes:
    """Give a block's payload that inflates references, and deflates content."""
    packed = zstd(inflating) if inflating else b""
    head = pack([len(packed), len(inflating), len(deflating), len(content)])
    return head + packed + zstd(deflating + content)


def made_of_chunks() -> bytes:
    """Give a recipe of a picture in millions of chunks, of which all but one are empty."""
    last = len(zlib.compress(b"a" * 99, 9))
    one = Stream(0, PNG | 15, 99, 99, Encoding(9), (*[0] * 200_000, last))
    return deflating_recipe([one])


def alone(way: int, packed: bytes, plain: int) -> bytes:
    """Give a patch whose fresh bytes are all that it has."""
    return pack([0, 0, 0] * 3 + [way, len(packed), plain]) + packed


def bombs() -> dict[str, tuple[int, bytes, bytes, int]]:
    """Give codec, payload, references and size of blocks that are too large."""
    zeros = bytes(HUGE)
    small = deflated(zeros)
    nested = deflated(small)
    inner = Stream(0, RAW, len(small), HUGE)
    outer = Stream(0, RAW, len(nested), len(small), inner=(inner,))
    chunks = EMPTY_CHUNK * (2 * MOST_CHUNKS)
    picture = Stream(0, PNG | 15, len(chunks), 99)
    recipe = made_of_chunks()
    return {
        "zstd": (ZSTD, zstd(zeros), b"", 1000),
        "zstd that says so": (ZSTD, zstandard.compress(zeros, 1), b"", 1000),
        "LZMA2": (PATCH, lzma2(zeros), b"", 1000),
        "zstd of a stream": (PARTS, alone(1, zstd(zeros), 1000), b"", 1000),
        "zstd of a stream that says so": (PARTS, alone(1, zstd(zeros), HUGE), b"", 1000),
        "LZMA2 of a stream": (PARTS, alone(16, lzma2(zeros)[1:], 1000), b"", 1000),
        "zstd in an expansion": (ZSTD | EXPANDED, pack([0, 0, 0, 9]) + zstd(zeros), b"", 9),
        "DEFLATE": (ZSTD | EXPANDED, expanded(inflating_recipe([inner]), b"", b"a"), small, 1),
        "DEFLATE in DEFLATE": (
            ZSTD | EXPANDED,
            expanded(inflating_recipe([outer]), b"", b"a"),
            nested,
            1,
        ),
        "chunks to inflate": (
            ZSTD | EXPANDED,
            expanded(inflating_recipe([picture]), b"", b"a"),
            chunks,
            1,
        ),
        "chunks to deflate": (ZSTD | EXPANDED, expanded(b"", recipe, b"a" * 99), b"", 1 << 24),
        "pieces": (PATCH, lzma2(pack([9_000_000, 0, 0, 0]) + bytes(9_000_000)), b"", 1 << 23),
        "runs": (PATCH, lzma2(pack([0, 9_000_000, 0, 0]) + bytes(9_000_000)), b"", 1 << 23),
    }


def bounded(place: Path) -> None:
    """Decode what is in a file, with little memory; print the sentence of each refusal."""
    told = msgspec.msgpack.decode(place.read_bytes())
    # Loaded before the limit, as the codecs are.
    inflate(b"", inflating_recipe([]))
    size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    for name, (codec, payload, references, size) in told.items():
        try:
            decode_block(codec, payload, references, size)
        except RefusedError as error:
            sys.stdout.write(f"{name}: {error}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_bombs_are_refused_where_they_would_not_fit(tmp_path: Path) -> None:
    made = bombs()
    place = tmp_path / "bombs"
    place.write_bytes(msgspec.msgpack.encode(made))
    assert max(len(payload) + len(given) for _, payload, given, _ in made.values()) < HUGE / 50
    code = f"from tests.unit.core.test_bombs import *; bounded(Path({str(place)!r}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    said = dict(line.split(": ") for line in ran.stdout.splitlines())
    assert said.keys() == made.keys()
    assert set(said.values()) <= {
        "A block of the bundle is damaged.",
        "A block of the bundle claims a wrong size.",
        "A block of the bundle is shorter than it should be.",
    }
