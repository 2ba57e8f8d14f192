"""Targets: what a block's bytes decode to, with whatever references."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from core.bundle.codecs import EXPANDED, decode_block
from core.bundle.expansion import MAX_EXPANDED_BYTES, deflate, inflate, inflating_recipe
from core.bundle.index import MAX_BLOCK_BYTES, MAX_REFERENCE_BYTES, MAX_STORED_OVERHEAD
from core.bundle.listing import MAX_LISTING_BYTES
from core.bundle.patch import apply_patch, decode_patch
from core.errors import RefusedError
from packager.delta.encode import Expanded, every_way
from packager.delta.streams import Encodings, streams_of
from tests.fuzz.layers import (
    from_patch,
    from_payload,
    from_recipe,
    made_by,
    number,
    packed_value,
    parts,
    patch_apart,
    payload_apart,
    raw,
    recipe_apart,
    tried,
)
from tests.fuzz.mutation import Node, Tree
from tests.fuzz.target import Target, see
from tests.support.archives import pdf_of, png_of, prose, zip_of

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "bundle-v2"
_TIMES: Final = 50
_HUGE: Final = 7


@cache
def some_blocks() -> list[tuple[int, bytes, bytes, int]]:
    """Give codec, payload, references and size of blocks: golden ones, and small ones."""
    found = []
    for name in ("html", "docx"):
        told = json.loads((GOLDEN / f"blocks.{name}.json").read_text("utf-8"))
        references, size = bytes.fromhex(told["references"]), len(told["content"]) // 2
        for block in told["blocks"]:
            given = references if block["has_references"] else b""
            found.append((block["codec"], bytes.fromhex(block["payload"]), given, size))
    pairs = [
        (zip_of({"a.xml": prose(1, 700)}), zip_of({"a.xml": prose(1, 500) + b"!"})),
        (pdf_of([prose(2, 300)]), pdf_of([prose(2, 290), prose(3, 90)])),
        (png_of(1, 9, 9, 20), png_of(1, 9, 10, 30)),
        (
            zip_of({"a.docx": zip_of({"b.png": png_of(1, 9, 9, 40)})}),
            zip_of({"a.docx": zip_of({"b.png": png_of(1, 9, 8, 40), "c": prose(4, 60)})}),
        ),
    ]
    for old, new in pairs:
        for one in every_way(expanded(old, None), expanded(new, Encodings()), 3):
            given = old if one.has_references else b""
            found.append((one.codec, one.payload, given, len(new)))
    return found


def expanded(data: bytes, encodings: Encodings | None) -> Expanded:
    """Give a file as blocks see it."""
    streams = streams_of(memoryview(data), encodings)
    return Expanded(data, bytes(inflate(data, inflating_recipe(streams))), streams)


def references_of(tree: Tree) -> bytes:
    """Give references, told as bytes, how often they come, and whether that may be very often."""
    made: list[bytes] = []
    left = MAX_REFERENCE_BYTES
    for told in parts(tree):
        one, times, is_huge = (*parts(told), b"", 1, 0)[:3]
        text, most = raw(one), _TIMES if is_huge != _HUGE else left
        if text:
            made.append((text * min(number(times), most, left // len(text) + 1))[:left])
            left -= len(made[-1])
    return made[0] if len(made) == 1 else b"".join(made)


def opened(data: bytes) -> list[Tree] | None:
    """Read input that is an array; None if it is none."""
    try:
        found = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def run_codecs(data: bytes) -> None:
    """Decode a block: codec, size, references, payload."""
    fields = opened(data)
    if fields is None or len(fields) != 4:
        return
    codec, size = number(fields[0], 255), number(fields[1], MAX_LISTING_BYTES)
    payload = raw(fields[3])[: MAX_BLOCK_BYTES + MAX_STORED_OVERHEAD]
    references = bytearray(references_of(fields[2]))
    del fields
    try:
        made = decode_block(codec, payload, references, size)
    except RefusedError as error:
        see(str(error) and error.hint is not None, "no sentence")
        return
    see(len(made) == size, "a block of another size")
    see(codec & ~EXPANDED in {0, 1, 2, 3}, "an unknown codec was decoded")


def codecs_apart(data: bytes) -> Tree:
    """Take a block apart."""
    codec, size, references, payload = msgspec.msgpack.decode(data)
    given = references_of(references)
    inner = tried(lambda data: payload_apart(codec, data, given), payload)
    return Node("codecs", [codec, size, references, inner])


def codecs_together(tree: Tree) -> bytes:
    """Put a block together."""
    codec, size, references, payload = parts(tree)
    body = from_payload(payload, references_of(references))
    return packed_value([codec, size, references, body])


def codecs_seeds() -> Iterator[bytes]:
    """Give some blocks."""
    for codec, payload, references, size in some_blocks():
        yield packed_value([codec, size, [[references, 1, 0]], payload])


def run_patch(data: bytes) -> None:
    """Apply a patch: size, references, patch."""
    fields = opened(data)
    if fields is None or len(fields) != 3:
        return
    size, references = number(fields[0], MAX_EXPANDED_BYTES), references_of(fields[1])
    try:
        made = apply_patch(decode_patch(raw(fields[2]), size), references, size)
    except RefusedError:
        return
    see(len(made) == size, "a patch gave another size")


def patch_seeds() -> Iterator[bytes]:
    """Give the patches of some blocks, and smaller ones."""
    for codec, payload, references, size in some_blocks():
        tree = payload_apart(codec, payload, references)
        if isinstance(tree, Node) and tree.kind == "lzma":
            yield packed_value([size, [[references, 1, 0]], from_patch(tree.parts[1])])
    for covered, told in (([5], [0, 2, 5]), ([4], [1, 0, 2, 2, 3, 2]), ([30], [3, 0, 30])):
        runs: list[Tree] = [1, 2] if covered == [5] else [2, 26] if covered == [30] else []
        differences = bytes(range(sum(number(one) for one in runs[1::2])))
        tree = Node("patch", [[0], covered[0], list(told), runs, differences, b"fresh"])
        yield packed_value([covered[0] + 5, [[b"0123456789", 9, 0]], from_patch(tree)])


def _patch_apart(data: bytes) -> Tree:
    size, references, patch = msgspec.msgpack.decode(data)
    tree = patch_apart(patch)
    # A size that fits stays one that fits.
    return Node("", [0 if made_by(tree) == size else size, references, tree])


def _patch_together(tree: Tree) -> bytes:
    size, references, patch = parts(tree)
    fits = made_by(patch)
    told = number(size) if fits is None else fits + number(size)
    return packed_value([told, references, from_patch(patch)])


def run_inflate(data: bytes) -> None:
    """Inflate a text by a recipe: references, recipe."""
    fields = opened(data)
    if fields is None or len(fields) != 2:
        return
    try:
        made = inflate(references_of(fields[0]), raw(fields[1]))
    except RefusedError:
        return
    see(len(made) <= MAX_EXPANDED_BYTES, "more was inflated than is allowed")


def _expanded() -> Iterator[tuple[bytes, int, Tree]]:
    """Give references, sizes and what was taken apart of some blocks."""
    for codec, payload, references, size in some_blocks():
        tree = payload_apart(codec, payload, references)
        if isinstance(tree, Node) and tree.kind == "expanded":
            yield references, size, tree


def inflate_seeds() -> Iterator[bytes]:
    """Give those of some blocks."""
    for references, _, tree in _expanded():
        if recipe := from_recipe(parts(tree)[1]):
            yield packed_value([[[references, 1, 0]], recipe])


def _inflate_apart(data: bytes) -> Tree:
    references, recipe = msgspec.msgpack.decode(data)
    return Node("", [references, recipe_apart(recipe, deflates=False)])


def _inflate_together(tree: Tree) -> bytes:
    references, recipe = parts(tree)
    return packed_value([references, from_recipe(recipe)])


def run_deflate(data: bytes) -> None:
    """Deflate a text by a recipe: size, text, recipe."""
    fields = opened(data)
    if fields is None or len(fields) != 3:
        return
    size = number(fields[0], MAX_BLOCK_BYTES)
    text = references_of(fields[1])[:MAX_EXPANDED_BYTES]
    try:
        made = deflate(text, raw(fields[2]), size)
    except RefusedError:
        return
    see(len(made) == size, "a text was deflated to another size")


def deflate_seeds() -> Iterator[bytes]:
    """Give those of some blocks."""
    for _, size, tree in _expanded():
        inner = parts(tree)[3]
        if isinstance(inner, Node) and inner.kind == "deflated":
            recipe, content = inner.parts
            yield packed_value([size, [[content, 1, 0]], from_recipe(recipe)])


def _deflate_apart(data: bytes) -> Tree:
    size, text, recipe = msgspec.msgpack.decode(data)
    return Node("", [size, text, recipe_apart(recipe, deflates=True)])


def _deflate_together(tree: Tree) -> bytes:
    size, text, recipe = parts(tree)
    return packed_value([size, text, from_recipe(recipe)])


CODECS = Target(run_codecs, codecs_seeds, codecs_apart, codecs_together)
PATCHES = Target(run_patch, patch_seeds, _patch_apart, _patch_together)
INFLATE = Target(run_inflate, inflate_seeds, _inflate_apart, _inflate_together)
DEFLATE = Target(run_deflate, deflate_seeds, _deflate_apart, _deflate_together)
