"""Files with DEFLATE streams, made by the encoders that others use."""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from random import Random


def prose(seed: int, size: int) -> bytes:
    """Give text that compresses as text does."""
    chance = Random(seed)
    words = [chance.randbytes(chance.randrange(2, 6)).hex() for _ in range(300)]
    text = b""
    while len(text) < size:
        text += " ".join(chance.choices(words, k=200)).encode() + b"\n"
    return text[:size]


def zip_of(
    members: Mapping[str, bytes], level: int = 6, *, stored: frozenset[str] = frozenset()
) -> bytes:
    """Give an archive; some of its members only stored."""
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in members.items():
            how = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, how, level)
    return sink.getvalue()


def pdf_of(streams: list[bytes], level: int = 9) -> bytes:
    """Give something like a PDF with Flate streams."""
    parts = [b"%PDF-1.7\n"]
    for number, data in enumerate(streams):
        packed = zlib.compress(data, level)
        head = f"{number} 0 obj\n<</Filter/FlateDecode/Length {len(packed)}>>\nstream\r\n"
        parts.append(head.encode() + packed + b"\r\nendstream\nendobj\n")
    return b"".join(parts) + b"%%EOF\n"


def png_of(seed: int, width: int = 60, height: int = 40, chunk: int = 1000) -> bytes:
    """Give a picture whose data lies in several chunks."""
    chance = Random(seed)
    row = bytes(chance.randrange(4) * 60 for _ in range(3 * width))
    rows = b"".join(b"\0" + row[n % 7 :] + row[: n % 7] for n in range(height))
    packed = zlib.compress(rows, 9)

    def framed(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    data = b"".join(framed(b"IDAT", packed[at : at + chunk]) for at in range(0, len(packed), chunk))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + framed(b"IHDR", head) + data + framed(b"IEND", b"")


def gzip_of(data: bytes, name: str = "") -> bytes:
    """Give a gzip file, with a name or without."""
    sink = BytesIO()
    with gzip.GzipFile(name, "wb", 9, sink, 0) as file:
        file.write(data)
    return sink.getvalue()


def overlapping(data: bytes, count: int) -> bytes:
    """Give an archive of which so many members are one and the same place of the file."""
    whole = zip_of({"a": data})
    start, stop = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    members = whole[start:stop] * count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(members), start, 0)
    return whole[:start] + members + end
