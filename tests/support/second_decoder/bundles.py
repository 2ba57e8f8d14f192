"""Whole bundles: the frame, and what is proved of the result."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tests.support.second_decoder.first import make_first
from tests.support.second_decoder.listing import Row, digest_of_rows
from tests.support.second_decoder.reading import (
    MIB,
    Reader,
    WrongBundleError,
    demand,
    digest_of,
    unzstd,
)
from tests.support.second_decoder.second import Around, make_delta, read_delta

MAGIC = bytes.fromhex("89504b48420d0a")
INDEX_PARTS = {1: 6, 2: 9}


class Pack(NamedTuple):
    """One version of a pack: its manifest, and its files by their paths."""

    manifest: bytes
    files: Mapping[str, bytes]


def decode_pack(bundle: bytes, release: bytes, base: Pack | None = None) -> Pack:
    """Give the version that a release names, from one of its bundles and the version before.

    Raises:
        WrongBundleError: Bundle, release and base do not belong together, or one is damaged.
    """
    told = json.loads(release)
    digests = [digest_of(bundle[: link["index_length"]]).hex() for link in told["bundles"]]
    links = [
        one for one, found in zip(told["bundles"], digests, strict=True) if one["index"] == found
    ]
    demand(links and links[0]["length"] == len(bundle), "the release names another bundle")
    form, index, payloads = _framed(bundle)
    wanted = [told["pack"], told["version"], links[0]["base"]]
    demand(index[:3] == wanted, "another version's bundle")
    head = payloads.at
    held = [base.manifest, *base.files.values()] if base else []
    blobs = {digest_of(blob).hex(): blob for blob in held}
    if form == 1:
        manifest, *outputs = make_first(index, payloads, blobs)
        blobs |= {digest_of(blob).hex(): blob for blob in outputs}
    elif base:
        delta = read_delta(index)
        head += delta.prelude_bytes
        around, rows = _taken_apart(base.manifest)
        made = make_delta(delta, payloads, around, rows, blobs)
        manifest = made.around.before + _canonical(made.rows) + made.around.behind
        blobs = made.blobs
    else:
        raise WrongBundleError("a delta without its base")
    demand(head == links[0]["index_length"], "a head of another length")
    demand(digest_of(manifest).hex() == told["manifest"], "another manifest")
    _, rows = _taken_apart(manifest)
    files = {row.path: blobs[row.digest] for row in rows}
    demand(all(len(files[row.path]) == row.size for row in rows), "a file of another size")
    return Pack(manifest, files)


def decode_folder(bundle: bytes, old: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Give the files of the new folder from those of the old one; None is an empty folder.

    Raises:
        WrongBundleError: It is another folder's bundle, or damaged.
    """
    form, index, payloads = _framed(bundle)
    demand(form == 2 and index[:3] == ["", 0, 0], "not a folder's bundle")
    delta = read_delta(index)
    roots = Reader(delta.roots)
    rows = [_row_of(path, blob) for path, blob in sorted(old.items())]
    demand(digest_of_rows(rows) == roots.take(32), "another old folder")
    held = {digest_of(blob or b"").hex(): blob or b"" for blob in old.values()}
    made = make_delta(delta, payloads, Around(), rows, held)
    demand(digest_of_rows(made.rows) == roots.take(32), "another new folder")
    roots.end()
    return {row.path: None if row.type == "folder" else made.blobs[row.digest] for row in made.rows}


def _row_of(path: str, blob: bytes | None) -> Row:
    data = blob or b""
    return Row(path, digest_of(data).hex(), len(data), "folder" if blob is None else "")


def _framed(bundle: bytes) -> tuple[int, list[Any], Reader]:
    reader = Reader(bundle)
    demand(reader.take(7) == MAGIC, "not a bundle")
    form = reader.take(1)[0]
    demand(form in INDEX_PARTS, "an unknown format")
    packed, size = struct.unpack("<II", reader.take(8))
    demand(max(packed, size) <= 16 * MIB, "an index of more than 16 MiB")
    index = msgspec.msgpack.decode(unzstd(reader.take(packed), size), type=list[Any])
    demand(len(index) == INDEX_PARTS[form], "an index of another shape")
    return form, index, reader


def _canonical(rows: Sequence[Row]) -> bytes:
    files = [
        {"path": row.path, "digest": row.digest, "size": row.size, "type": row.type} for row in rows
    ]
    return json.dumps(files, ensure_ascii=False, separators=(",", ":")).encode()


def _taken_apart(manifest: bytes) -> tuple[Around, list[Row]]:
    files = json.loads(manifest)["files"]
    rows = [Row(file["path"], file["digest"], file["size"], file["type"]) for file in files]
    before, found, behind = manifest.partition(b'"files":' + _canonical(rows))
    demand(found, "its files are written otherwise")
    return Around(before + b'"files":', behind), rows
