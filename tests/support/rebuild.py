"""A tiny decoder of bundles, written from ``core`` alone: what any node must be able to do."""

import hashlib
from collections.abc import Iterator, Mapping

from core.bundle.codecs import decode_block
from core.bundle.frame import decode_head
from core.bundle.index import Index
from core.bundle.listed import rows_of
from core.bundle.resolve import resolve
from core.digest import Digest, digest_of
from core.manifest import Manifest, decode_manifest, encode_manifest
from core.release import BundleLink, Release

Blobs = dict[Digest, bytes]


def rebuild(
    bundle: bytes, link: BundleLink, release: Release, held: Mapping[Digest, bytes]
) -> Blobs:
    """Decode a whole bundle; gives every blob that it makes, each verified."""
    assert len(bundle) == link.length
    index, ready = _index(bundle[: link.index_length], link, release, held)
    sources = [held[digest] for digest in index.source_digests()]
    made = [bytearray(ready.get(output.digest, b"")) for output in index.outputs]
    position = link.index_length
    for block in index.blocks:
        packed = bundle[position : position + block.length]
        position += block.length
        assert hashlib.sha256(packed).digest() == block.digest
        blobs = [*sources, *made]
        references = b"".join(
            bytes(blobs[n][start : start + size]) for n, start, size in block.references
        )
        data = decode_block(block.codec, packed, references, block.size)
        for number, start, size in block.outputs:
            assert len(made[number]) == start
            made[number] += data[:size]
            data = data[size:]
    assert position == len(bundle)
    return {**_verified(index, made), **ready}


def _index(
    head: bytes, link: BundleLink, release: Release, held: Mapping[Digest, bytes]
) -> tuple[Index, Blobs]:
    """Give the index, and what was in the head."""
    found = decode_head(head, link, release)
    if isinstance(found, Index):
        return found, {}
    base = next(one for one in _manifests(held) if one.version == link.base)
    resolved = resolve(
        *found,
        rows_of(encode_manifest(base), base),
        lambda digest, offset, length: held[digest][offset : offset + length],
    )
    assert digest_of(resolved.manifest) == release.manifest
    return resolved.index, {**resolved.made, release.manifest: resolved.manifest}


def _manifests(held: Mapping[Digest, bytes]) -> Iterator[Manifest]:
    return (decode_manifest(data) for data in held.values() if data.startswith(b'{"format":'))


def tree_of(manifest: Manifest, blobs: Mapping[Digest, bytes]) -> dict[str, bytes]:
    """Give content by path."""
    return {file.path: blobs[file.digest] for file in manifest.files}


def manifest_in(release: Release, blobs: Mapping[Digest, bytes]) -> Manifest:
    """Give the manifest that a release names."""
    return decode_manifest(blobs[release.manifest])


def _verified(index: Index, made: list[bytearray]) -> Blobs:
    blobs: Blobs = {}
    for output, data in zip(index.outputs, made, strict=True):
        assert digest_of(data) == output.digest
        blobs[output.digest] = bytes(data)
    return blobs
