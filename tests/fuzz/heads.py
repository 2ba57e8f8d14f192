"""Targets: what is read of a bundle before its blocks: framing, both indexes, lists of files."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final

import msgspec

from core.bundle.compact import MAX_REFERENCES, CompactIndex, decode_compact, encode_compact
from core.bundle.frame import (
    COMPACT,
    FORMAT,
    FRAME_BYTES,
    decode_compact_head,
    decode_head,
    head_bytes,
    index_digest,
    spans,
)
from core.bundle.index import (
    MAX_BLOCK_BYTES,
    MAX_BLOCKS,
    MAX_REFERENCE_BYTES,
    MAX_STORED_OVERHEAD,
    STORED,
    Index,
)
from core.bundle.listed import Rows, decode_listed, rows_of
from core.bundle.listing import MAX_LISTING_BYTES, MAX_ROWS, MAX_SIZE, Row, contents
from core.bundle.needs import blocks_needed, cost, runs, sources_needed, unmakeable
from core.digest import Digest, digest_of, parse_digest
from core.errors import RefusedError
from core.manifest import MAX_MANIFEST_BYTES, decode_manifest, encode_manifest
from core.names import PackId
from core.release import BundleLink, Release, decode_release
from tests.fuzz.blocks import GOLDEN, opened
from tests.fuzz.layers import (
    compact_apart,
    from_compact,
    from_head,
    from_listed,
    head_apart,
    listed_apart,
    number,
    packed_value,
    parts,
    raw,
)
from tests.fuzz.mutation import Node, Tree
from tests.fuzz.target import Target, see
from tests.support.rebuild import Blobs, manifest_in, rebuild

V1: Final = GOLDEN.with_name("bundle-v1")


@cache
def golden_release(version: int) -> Release:
    """Give a release of format 2's golden pack."""
    return decode_release((GOLDEN / f"{version}.release.json").read_bytes())


def golden_head(base: int, version: int) -> bytes:
    """Give the head of one of its bundles."""
    link = next(one for one in golden_release(version).bundles if one.base == base)
    return (GOLDEN / f"{base}-{version}.bundle").read_bytes()[: link.index_length]


@cache
def golden_blobs() -> Blobs:
    """Give what a node has that holds its first version."""
    release = golden_release(1)
    return rebuild((GOLDEN / "0-1.bundle").read_bytes(), release.bundles[0], release, {})


@cache
def golden_base() -> Rows:
    """Give the rows of its first version."""
    manifest = manifest_in(golden_release(1), golden_blobs())
    return rows_of(encode_manifest(manifest), manifest)


def see_index(index: Index) -> None:
    """See that a full index is what a node may work with."""
    made = [0] * len(index.outputs)
    for one in index.blocks:
        size = sum(length for _, _, length in one.outputs)
        see(0 < size <= MAX_BLOCK_BYTES, "a block of another size")
        see(0 < one.length <= MAX_BLOCK_BYTES + MAX_STORED_OVERHEAD, "a large payload")
        see(sum(length for *_, length in one.references) <= MAX_REFERENCE_BYTES, "references")
        for blob, start, length in one.references:
            output = blob - len(index.sources)
            see(length, "an empty reference")
            see(output < 0 or start + length <= made[output], "a reference to what is not there")
        for output, start, length in one.outputs:
            see(start == made[output] and length, "outputs out of order")
            made[output] += length
        if one.codec == STORED:
            see(not one.references and one.length == size, "stored otherwise")
    see(made == [one.size for one in index.outputs], "outputs that are not whole")


def _use_index(index: Index) -> None:
    see_index(index)
    wanted = [one.digest for one in index.outputs[::2]]
    needs = blocks_needed(index, wanted, index.source_digests()[:1], {0: 5})
    found = runs(index, needs.blocks, 100, 1 << 20)
    see(sum(one.stop - one.start for one in found) == cost(index, needs.blocks), "other runs")
    see(sources_needed(index, needs.blocks) <= set(index.source_digests()), "other sources")
    unmakeable(index, [], index.source_digests()[:2])


def see_compact(index: CompactIndex) -> None:
    """See that a compact index keeps the limits."""
    see(0 < len(index.blocks) <= MAX_BLOCKS, "too many blocks")
    see(index.prelude <= len(index.blocks), "a prelude longer than the bundle")
    see(bool(index.prelude) == bool(index.pack) != bool(index.roots), "proven otherwise")
    for n, one in enumerate(index.blocks):
        see(0 < one.size <= (MAX_BLOCK_BYTES if n else MAX_LISTING_BYTES), "a large block")
        see(0 < one.length <= one.size + MAX_STORED_OVERHEAD, "a large payload")
        see(len(one.digest) == (0 if n < index.prelude else 32), "a digest of another length")
        see(len(one.references) <= MAX_REFERENCES, "many references")
        see(all(part.start >= 0 and part.length > 0 for part in one.references), "a reference")
        see(sum(part.length for part in one.references) <= MAX_REFERENCE_BYTES, "references")
        see(n or not one.references, "references of the listing")
        see(one.codec or (not one.references and one.length == one.size), "stored otherwise")
    offsets = index.offsets(16)
    see(all(one < other for one, other in pairwise(offsets)), "blocks that overlap")


def run_head(data: bytes) -> None:
    """Read a head: of format 2 as a folder's bundle has it, then as one that somebody signed."""
    base, total = 0, len(data)
    try:
        see(head_bytes(data) >= FRAME_BYTES, "a short head")
        index, payloads = decode_compact_head(data)
        see_compact(index)
        lengths = [one.length for one in index.blocks[: index.prelude]]
        see([*map(len, payloads)] == lengths, "payloads of another length")
        base, total = index.base, index.offsets(head_bytes(data))[-1]
        del index, payloads
    except RefusedError:
        pass
    link = BundleLink(base, total, len(data), index_digest(data))
    try:
        found = decode_head(data, link, golden_release(2))
    except RefusedError:
        return
    if isinstance(found, Index):
        see_index(found)
    last = spans(data, link, golden_release(2))[-1:]
    see(all(one.start + one.length == total for one in last), "blocks outside of the file")


def head_seeds() -> Iterator[bytes]:
    """Give the golden heads."""
    yield golden_head(0, 2)
    yield golden_head(1, 2)
    data = (GOLDEN / "folder.bundle").read_bytes()
    yield data[: head_bytes(data[:FRAME_BYTES])]
    data = (V1 / "1-2.bundle").read_bytes()
    yield data[: head_bytes(data[:FRAME_BYTES])]


def _head_apart(data: bytes) -> Tree:
    version, index, start = head_apart(data)
    value = compact_apart(index) if version == COMPACT else msgspec.msgpack.decode(index)
    return Node("head", [version, [0, 0], value, data[start:]])


def _head_together(tree: Tree) -> bytes:
    version, lies, value, behind = parts(tree)
    return from_head(number(version), _index_together(value), lies) + raw(behind)


def _index_together(value: Tree) -> bytes:
    if isinstance(value, Node) and value.kind == "compact":
        return from_compact(value)
    return packed_value(value)


def run_index(data: bytes) -> None:
    """Read an index of format 1."""
    release = Release(
        format=1,
        pack=PackId("gd/zhuhai/golden"),
        version=2,
        published="",
        title={},
        manifest=_manifest_of(data),
        manifest_size=1,
        content_size=1,
        bundles=[],
    )
    head = from_head(FORMAT, data)
    try:
        total = _total(data)
        found = decode_head(
            head, BundleLink(1, len(head) + total, len(head), index_digest(head)), release
        )
    except RefusedError:
        return
    see(isinstance(found, Index), "another format")
    if isinstance(found, Index):
        _use_index(found)


def _total(data: bytes) -> int:
    blocks = (opened(data) or [None])[-1]
    return sum(number(parts(one)[1]) for one in parts(blocks) if len(parts(one)) > 1) % (1 << 40)


def _manifest_of(data: bytes) -> Digest:
    """Give the digest that an index gives its first output."""
    fields = opened(data) or []
    outputs = parts(fields[4]) if len(fields) > 5 else []
    first = parts(outputs[0])[:1] if outputs else []
    return Digest((raw(first[0]) if first else b"").hex())


def index_seeds() -> Iterator[bytes]:
    """Give the golden indexes of format 1."""
    for place in (V1, GOLDEN):
        for name in ("0-1", "0-2") if place == GOLDEN else ("0-1", "1-2"):
            yield head_apart((place / f"{name}.bundle").read_bytes())[1]


def _value_apart(data: bytes) -> Tree:
    return Node("", list(parts(msgspec.msgpack.decode(data))))


def run_compact(data: bytes) -> None:
    """Read an index of format 2; what is read can be written."""
    try:
        found = decode_compact(data)
    except RefusedError:
        return
    see_compact(found)
    see(decode_compact(encode_compact(found)) == found, "an index that changes when written")


def compact_seeds() -> Iterator[bytes]:
    """Give the golden indexes of format 2."""
    for head in list(head_seeds())[1:3]:
        yield head_apart(head)[1]


def base_of(told: Tree) -> Rows:
    """Give the rows that a list of files is told against."""
    if told == 0:
        return golden_base()
    rows = {raw(one).decode("utf-8", "replace"): n for n, one in enumerate(parts(told))}
    return Rows([Row(path, digest_of(b"%d" % n), n) for path, n in sorted(rows.items())])


def run_listing(data: bytes) -> None:
    """Read what block 0 tells: which base, how many are untold, what is told."""
    fields = opened(data)
    if fields is None or len(fields) != 3 or len(raw(fields[2])) > MAX_LISTING_BYTES:
        return
    base = base_of(fields[0])
    try:
        listing, before, behind = decode_listed(raw(fields[2]), base, number(fields[1]))
    except RefusedError:
        return
    paths = [row.path for row in listing.rows]
    see(len(before) + len(behind) <= len(raw(fields[2])), "more than there is")
    see(len(paths) <= MAX_ROWS and paths == sorted(set(paths)), "rows out of order")
    see(all(0 <= size <= MAX_SIZE for size in listing.sizes), "a size that cannot be")
    known = dict(contents(base.rows))
    for row in listing.rows:
        if isinstance(row.content, int):
            see(row.size == listing.sizes[row.content], "an output of another size")
        else:
            see(known[row.content] == row.size, "a content that is not there")
    for n, digest in listing.digests.items():
        see(number(fields[1]) <= n < len(listing.sizes) and parse_digest(digest), "a digest")
    made = dict.fromkeys(range(len(listing.sizes)), digest_of(b""))
    rows = Rows(listing.complete(made), before, behind)
    see(len(rows.rows) == len(paths) and rows.manifest() is not None, "rows that are lost")


def listing_seeds() -> Iterator[bytes]:
    """Give the golden ones, and one of a small folder."""
    from core.bundle.codecs import decode_block

    index, payloads = decode_compact_head(golden_head(1, 2))
    block = index.blocks[0]
    told = decode_block(block.codec, payloads[0], golden_base().text, block.size)
    yield packed_value([0, index.untold, bytes(told)])
    from core.bundle.listed import encode_listed

    old = base_of([b"a", b"b/c", b"b/d", b"e.html"])
    new = [old.rows[0], Row("b/c", digest_of(b"new"), 7), Row("x/d", old.rows[2].digest, 2)]
    more = [Row("x/e", digest_of(b"new"), 7), Row("y", digest_of(b"more"), 4, "text/html")]
    outputs = [digest_of(b"new"), digest_of(b"more")]
    for untold in (0, 1, 2):
        body = encode_listed(Rows([*new, *more], b'{"a":', b"}"), old, outputs, untold)
        yield packed_value([[b"a", b"b/c", b"b/d", b"e.html"], untold, body])


def _listing_apart(data: bytes) -> Tree:
    base, untold, told = msgspec.msgpack.decode(data)
    return Node("", [base, untold, listed_apart(told)])


def _listing_together(tree: Tree) -> bytes:
    base, untold, told = parts(tree)
    return packed_value([base, untold, from_listed(told)])


def run_manifest(data: bytes) -> None:
    """Read a manifest; what is read can be written, taken apart and put together."""
    if len(data) > MAX_MANIFEST_BYTES:
        return
    try:
        manifest = decode_manifest(data)
    except RefusedError:
        return
    written = encode_manifest(manifest)
    see(decode_manifest(written) == manifest, "a manifest that changes when written")
    see(rows_of(written, manifest).manifest() == written, "a manifest that does not come together")
    try:
        see(rows_of(data, manifest).manifest() == data, "a manifest that is put together otherwise")
    except RefusedError:
        return


def manifest_seeds() -> Iterator[bytes]:
    """Give the golden manifests."""
    base = golden_base().manifest()
    yield base
    told = json.loads(base)
    told["files"] = told["files"][:4]
    paths = [one["path"] for one in told["files"]]
    told["items"] = [{**told["items"][0], "entry": paths[0], "paths": paths[:2]}]
    yield msgspec.json.encode(told)


def _manifest_apart(data: bytes) -> Tree:
    found: Tree = json.loads(data)
    return found


def _manifest_together(tree: Tree) -> bytes:
    return json.dumps(tree, ensure_ascii=False, default=repr).encode("utf-8", "replace")


HEADS = Target(run_head, head_seeds, _head_apart, _head_together)
INDEXES = Target(run_index, index_seeds, _value_apart, _index_together)
COMPACTS = Target(run_compact, compact_seeds, compact_apart, from_compact)
LISTINGS = Target(run_listing, listing_seeds, _listing_apart, _listing_together)
MANIFESTS = Target(run_manifest, manifest_seeds, _manifest_apart, _manifest_together)
