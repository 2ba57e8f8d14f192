"""Targets: the packager's side. What a publisher has, however strange, is packed and comes back."""

import shutil
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from random import Random
from typing import Final

import msgspec

from core.bundle.codecs import decode_block
from core.bundle.expansion import MAX_EXPANDED_BYTES, deflate, deflating_recipe, inflate
from core.bundle.expansion import inflating_recipe as inflating
from core.bundle.index import MAX_BLOCK_BYTES
from core.errors import RefusedError, UsageError
from packager.delta.encode import Expanded, every_way
from packager.delta.streams import MOST_INFLATED, MOST_WITH_INNER, Encodings, streams_of
from packager.delta.texts import Text, joined
from packager.folders.applying import apply_bundle
from packager.folders.diffing import diff_folders
from packager.folders.reading import read_folder
from tests.fuzz.blocks import opened
from tests.fuzz.bundles import NEW, OLD, lay, place
from tests.fuzz.layers import number, packed_value, parts, raw
from tests.fuzz.mutation import Node, Tree
from tests.fuzz.target import Target, see
from tests.support.archives import gzip_of, pdf_of, png_of, prose, zip_of
from tests.support.packing import silent

_MOST_FILE: Final = 1 << 20
_ZLIB_HEAD: Final = (b"\x78\x9c", b"\x78\xda", b"\x78\x01", b"\x78\x5e")
_DOTS: Final = {"", ".", ".."}
_PNG: Final = b"\x89PNG\r\n\x1a\n"


@cache
def some_files() -> list[bytes]:
    """Give files with streams: one of each kind, and files in files."""
    picture = png_of(1, 12, 9, 50)
    inner = zip_of({"a.xml": prose(1, 300), "p.png": picture})
    return [
        zip_of({"a.txt": prose(2, 400), "b": b"b" * 70, "c": b""}, 9),
        zip_of({"in.docx": inner, "s.docx": inner}, stored=frozenset({"s.docx"})),
        pdf_of([prose(3, 200), prose(4, 300), b"x" * 100]),
        picture,
        gzip_of(prose(5, 500), "notes.txt"),
        gzip_of(inner),
    ]


def file_apart(data: bytes, depth: int = 0) -> Tree:
    """Take a file apart, down to what its streams inflate to."""
    if depth > 4:
        return data
    if data.startswith(b"PK\3\4"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            told = [_member(archive, one, depth) for one in archive.infolist()[:50]]
        return Node("zip", [[*told], b"", b""])
    if data.startswith(_PNG):
        return Node("png", [data[8:33], [50], 6, _plain(b"".join(_chunks(data)), 15, depth)])
    if data.startswith(b"\x1f\x8b\x08"):
        return Node("gzip", [6, _plain(data, 31, depth)])
    if data.startswith(b"%PDF-"):
        pieces = data.split(b"stream\r\n")
        ends = [one.rpartition(b"\r\nend")[0] for one in pieces[1:-1:2]]
        return Node("pdf", [[Node("flate", [9, _plain(one, 15, depth)]) for one in ends], b""])
    return data


def _member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, depth: int) -> Tree:
    inner = archive.read(one)[:_MOST_FILE]
    return Node("member", [one.filename, one.compress_type, 6, _tried_file(inner, depth + 1)])


def _tried_file(data: bytes, depth: int) -> Tree:
    try:
        return file_apart(data, depth)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        ValueError,
        NotImplementedError,
        KeyError,
    ):
        return data


def _plain(packed: bytes, window: int, depth: int) -> Tree:
    plain = zlib.decompressobj(window).decompress(packed, _MOST_FILE)
    return _tried_file(plain, depth + 1)


def _chunks(data: bytes) -> Iterator[bytes]:
    at = 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            yield data[at + 8 : at + 8 + length]
        at += 12 + length


def file_together(tree: Tree) -> bytes:
    """Put a file together, by an encoder of whatever settings."""
    match tree:
        case Node("zip", [members, head, behind]):
            return raw(head) + _zip(members) + raw(behind)
        case Node("png", [head, lengths, level, plain]):
            packed = _packed(file_together(plain), number(level), 15)
            return _PNG + raw(head) + _as_chunks(packed, parts(lengths)) + _chunk(b"IEND", b"")
        case Node("gzip", [level, plain]):
            return _packed(file_together(plain), number(level), 31)
        case Node("pdf", [streams, behind]):
            told = (
                b"stream\r\n" + file_together(one) + b"\r\nendstream\n" for one in parts(streams)
            )
            return b"%PDF-1.7\n" + b"".join(told) + raw(behind)
        case Node("flate", [level, plain]):
            return _packed(file_together(plain), number(level), 15)
        case _:
            return raw(tree)


def _packed(plain: bytes, setting: int, window: int) -> bytes:
    """Deflate as a number says: its last digit is the level, the others are what is seldom."""
    level, memory, strategy = setting % 10, 1 + setting // 10 % 9, setting // 100 % 5
    memory = 8 if setting < 10 else memory
    encoder = zlib.compressobj(level, zlib.DEFLATED, window, memory, strategy)
    half = len(plain) // 2 if setting > 1000 else len(plain)
    return b"".join(
        [
            encoder.compress(plain[:half]),
            encoder.flush(zlib.Z_FULL_FLUSH) if half < len(plain) else b"",
            encoder.compress(plain[half:]),
            encoder.flush(),
        ]
    )


def _zip(members: Tree) -> bytes:
    sink = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(sink, "w") as archive:
        # Two members of one name are what is meant.
        warnings.simplefilter("ignore")
        for one in parts(members):
            if len(parts(one)) == 4:
                name, method, level, inner = parts(one)
                way = zipfile.ZIP_DEFLATED if number(method) % 2 == 0 else zipfile.ZIP_STORED
                told = zipfile.ZipInfo(raw(name).decode("utf-8", "replace")[:200] or "a")
                archive.writestr(told, file_together(inner), way, number(level) % 10)
    return sink.getvalue()


def _as_chunks(packed: bytes, lengths: list[Tree]) -> bytes:
    found: list[bytes] = []
    for told in lengths or [len(packed)]:
        length = number(told)
        found.append(_chunk(b"IDAT", packed[:length]))
        packed = packed[length:]
    return b"".join(found) + (_chunk(b"IDAT", packed) if packed else b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", check)


def run_streams(data: bytes) -> None:
    """Find the streams of a file; they inflate, and deflate to the same bytes."""
    for encodings in (None, Encodings()):
        streams = streams_of(memoryview(data), encodings)
        end = sum(one.gap + one.packed for one in streams)
        see(
            end <= len(data) and all(one.gap >= 0 for one in streams), "streams outside of the file"
        )
        see(all(one.plain <= MOST_INFLATED for one in streams), "a stream that is too large")
        see(all(one.size <= MOST_WITH_INNER for one in streams), "files in a file, too large")
        text = Text(lambda at, length: data[at : at + length], len(data), streams)
        size = 0
        for part in text.parts(MAX_BLOCK_BYTES):
            plain = inflate(text.read_file(part), inflating(part.streams))
            see(plain == text.read(part) and len(plain) <= MAX_EXPANDED_BYTES, "another text")
            if encodings is not None:
                made = deflate(plain, deflating_recipe(part.streams), part.length)
                see(made == text.read_file(part), "streams that do not come out as they were")
            size += part.length
        see(size == len(data), "a file that is not whole")


def run_encode(data: bytes) -> None:
    """Encode content with references, by every codec; what is decoded is the same."""
    fields = opened(data)
    if fields is None or len(fields) != 2:
        return
    old, new = (_expanded(raw(one)[:_MOST_FILE], is_new=n == 1) for n, one in enumerate(fields))
    if not new.data or old is None:
        return
    for one in every_way(old, new, 1):
        given = old.data if one.has_references else b""
        try:
            made = decode_block(one.codec, one.payload, given, len(new.data))
        except RefusedError as error:
            raise AssertionError(f"codec {one.codec}: {error}") from error
        see(made == new.data, "what is decoded is not what was encoded")


def _expanded(data: bytes, *, is_new: bool) -> Expanded:
    """Read what the packager reads for one block."""
    streams = streams_of(memoryview(data), Encodings() if is_new else None)
    text = Text(lambda at, length: data[at : at + length], len(data), streams)
    part = next(text.parts(MAX_BLOCK_BYTES), None)
    if part is None:
        return Expanded(b"", b"")
    return Expanded(text.read_file(part), text.read(part), joined([part]))


def encode_seeds() -> Iterator[bytes]:
    """Give pairs of files of which each is like the other."""
    for one in some_files():
        tree = Node("", [file_apart(one), file_apart(one)])
        yield _pair_together(tree)
    yield packed_value([prose(1, 900), prose(1, 700) + b"!" + prose(1, 900)[500:]])
    yield packed_value([b"", b"a"])
    yield packed_value([Random(1).randbytes(300), Random(1).randbytes(290)])


def _pair_apart(data: bytes) -> Tree:
    return Node("", [_tried_file(raw(one), 0) for one in msgspec.msgpack.decode(data)])


def _pair_together(tree: Tree) -> bytes:
    return packed_value([file_together(one) for one in parts(tree)])


def run_carry(data: bytes) -> None:
    """Carry one folder into another: two dictionaries of files, None for an empty folder."""
    fields = opened(data)
    if fields is None or len(fields) != 2 or not all(isinstance(one, dict) for one in fields):
        return
    root = place() / "carry"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    old, new = root / "old", root / "new"
    try:
        for folder, told in ((old, fields[0]), (new, fields[1])):
            folder.mkdir()
            lay(folder, {path: _content(one) for path, one in _named(told)})
    except (OSError, ValueError):
        # No folder has such names.
        return
    try:
        diff_folders(old, new, root / "x.bundle", silent)
    except UsageError:
        return
    apply_bundle(old, root / "x.bundle", root / "made")
    see(read_folder(root / "made").rows == read_folder(new).rows, "another folder came out")


def _named(told: object) -> Iterator[tuple[str, Tree]]:
    for path, one in told.items() if isinstance(told, dict) else ():
        # Input may have other keys.
        if isinstance(path, str) and len(path) < 200 and not _DOTS & {*path.split("/")}:
            yield path, one


def _content(one: Tree) -> bytes | None:
    return None if one is None else raw(one)[:_MOST_FILE]


def carry_seeds() -> Iterator[bytes]:
    """Give the pair of folders, and smaller ones."""
    for old, new in (
        (OLD, NEW),
        (NEW, OLD),
        ({}, {"a": b"b"}),
        ({"a": b"x" * 40, "b/c": None}, {}),
    ):
        yield packed_value([dict(old), dict(new)])


def _carry_apart(data: bytes) -> Tree:
    told = [one if isinstance(one, dict) else {} for one in msgspec.msgpack.decode(data)]
    return Node(
        "", [{path: _tried_file(raw(x), 0) if x else x for path, x in one.items()} for one in told]
    )


def _carry_together(tree: Tree) -> bytes:
    made: list[Tree] = []
    for told in parts(tree):
        files = told if isinstance(told, dict) else {}
        made.append({path: None if x is None else file_together(x) for path, x in files.items()})
    return packed_value(made)


STREAMS = Target(run_streams, lambda: iter(some_files()), file_apart, file_together)
ENCODE = Target(run_encode, encode_seeds, _pair_apart, _pair_together)
CARRY = Target(run_carry, carry_seeds, _carry_apart, _carry_together)
