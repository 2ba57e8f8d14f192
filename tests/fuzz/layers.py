"""Taking apart what bundles are made of, and putting it together again with right digests.

Each pair of functions is the inverse of the other where nothing was changed; whatever a change
has made of a tree can be put together, too.
"""

import hashlib
import lzma
import struct
from collections.abc import Callable, Sequence
from typing import Final, cast

import msgspec
import zstandard

from core.bundle.codecs import (
    EXPANDED,
    PARTS,
    PATCH,
    PLAIN_WAY,
    PREFIX_WAY,
    ZSTD,
    ZSTD_WAY,
)
from core.bundle.expansion import inflate
from core.bundle.frame import COMPACT, dictionary
from core.bundle.varint import pack, unpack, unpack_first
from core.errors import RefusedError
from tests.fuzz.mutation import Node, Tree

_MAGIC: Final = b"\x89PKHB\r\n"
_FRAME: Final = struct.Struct("<7sBII")
_MOST: Final = (1 << 56) - 1
_MOST_PIECES: Final = 3000
# What is larger is changed as it is: taken apart thousands of times it would take all the time.
_PLAIN: Final = 300_000
_MOST_NUMBERS: Final = 50_000


def number(tree: Tree, most: int = _MOST) -> int:
    """Give what stands where a number should be."""
    return min(max(0, tree), most) if isinstance(tree, int) else 0


def raw(tree: Tree) -> bytes:
    """Give what stands where bytes should be."""
    if isinstance(tree, bytes):
        return tree
    return tree.encode("utf-8", "surrogatepass") if isinstance(tree, str) else b""


def parts(tree: Tree) -> list[Tree]:
    """Give what stands where a list should be."""
    return tree.parts if isinstance(tree, Node) else tree if isinstance(tree, list) else []


def column(data: bytes | memoryview) -> Tree:
    """Take numbers apart, if they are some."""
    try:
        return cast("Tree", unpack(bytes(data), _MOST_NUMBERS))
    except RefusedError:
        return bytes(data)


def from_column(tree: Tree) -> bytes:
    """Put numbers together."""
    return pack(map(number, tree)) if isinstance(tree, list) else raw(tree)


def _columns(data: bytes, head: int, lengths: int) -> tuple[list[int], list[bytes]]:
    """Cut what has a head of numbers, the first of which are lengths; give all, and the rest."""
    numbers, start = unpack_first(data, head)
    found: list[bytes] = []
    for length in numbers[:lengths]:
        found.append(data[start : start + length])
        start += length
    return numbers, [*found, data[start:]]


def _lied(lengths: Sequence[int], lies: Tree) -> list[int]:
    """Give lengths, some of them wrong."""
    wrong = [number(lie) for lie in parts(lies)]
    return [*map(sum, zip(lengths, wrong, strict=False)), *lengths[len(wrong) :]]


def patch_apart(data: bytes) -> Node:
    """Take a patch apart, down to its pieces where they fit together."""
    numbers, (pieces, runs, differences, fresh) = _columns(data, 4, 3)
    columns = [column(pieces), column(runs)]
    if len(pieces) < _MOST_PIECES and all(isinstance(one, list) for one in columns):
        told = _pieces(parts(columns[0]), fresh)
        changes = _runs(parts(columns[1]), differences)
        tree = Node("pieces", [[0, 0, 0, 0], told, changes, fresh[_used(told) :]])
        if from_patch(tree) == data:
            return tree
    return Node("patch", [[0, 0, 0], numbers[3], *columns, differences, fresh])


def _pieces(numbers: list[Tree], fresh: bytes) -> list[Tree]:
    """Give pieces: fresh bytes before each, where it begins, and its length."""
    made: list[Tree] = []
    at = 0
    for between, move, length in zip(*(numbers[n::3] for n in range(3)), strict=False):
        made.append(Node("piece", [fresh[at : at + number(between)], move, length]))
        at += number(between)
    return made


def _used(pieces: list[Tree]) -> int:
    return sum(len(raw(parts(one)[0])) for one in pieces)


def _runs(numbers: list[Tree], differences: bytes) -> list[Tree]:
    """Give runs: bytes that are alike before each, and how its own differ."""
    made: list[Tree] = []
    at = 0
    for alike, length in zip(numbers[::2], numbers[1::2], strict=False):
        made.append(Node("run", [alike, differences[at : at + number(length)]]))
        at += number(length)
    return made


def from_patch(tree: Tree) -> bytes:
    """Put a patch together."""
    if isinstance(tree, Node) and tree.was is not None:
        return tree.was
    if isinstance(tree, Node) and tree.kind == "pieces":
        lies, pieces, runs, rest = tree.parts
        told = [(*parts(one), 0, 0, 0)[:3] for one in parts(pieces)]
        changes = [(*parts(one), 0, b"")[:2] for one in parts(runs)]
        numbers: list[Tree] = []
        for before, move, length in told:
            numbers += (len(raw(before)), move, length)
        gaps: list[Tree] = []
        for alike, differences in changes:
            gaps += (alike, len(raw(differences)))
        covered: Tree = sum(number(length) for *_, length in told) + sum(
            map(number, parts(lies)[3:4])
        )
        columns: list[Tree] = [numbers, gaps, b"".join(raw(more) for _, more in changes)]
        fresh = b"".join([*(raw(before) for before, *_ in told), raw(rest)])
        tree = Node("patch", [list(parts(lies)[:3]), covered, *columns, fresh])
    lies, covered, *columns = parts(tree)
    *first, last = map(from_column, columns)
    return b"".join([pack([*_lied([*map(len, first)], lies), number(covered)]), *first, last])


def made_by(tree: Tree) -> int | None:
    """Give the bytes that a patch makes, if it is one that fits together."""
    if not (isinstance(tree, Node) and tree.kind == "pieces"):
        return None
    _, pieces, _, rest = tree.parts
    told = [(*parts(one), 0, 0, 0)[:3] for one in parts(pieces)]
    return sum(len(raw(before)) + number(length) for before, _, length in told) + len(raw(rest))


def recipe_apart(data: bytes, *, deflates: bool) -> Tree:
    """Take a recipe apart."""
    (count,), start = unpack_first(data, 1)
    kinds, rest = data[start : start + count], data[start + count :]
    streams = len(kinds) - kinds.count(0)
    numbers, taken = unpack_first(rest, 2 * streams)
    rest = rest[taken:]
    told: list[Tree] = [
        [0],
        kinds,
        cast("Tree", numbers[:streams]),
        cast("Tree", numbers[streams:]),
    ]
    if deflates:
        told += [rest[:streams], rest[streams : 2 * streams], column(rest[2 * streams :])]
    return Node("recipe", told)


def from_recipe(tree: Tree) -> bytes:
    """Put a recipe together; nothing of nothing."""
    if not isinstance(tree, Node):
        return raw(tree)
    lies, kinds, *columns = tree.parts
    count = pack(_lied([len(raw(kinds))], lies))
    return b"".join([count, raw(kinds), *map(from_column, columns)])


def listing_apart(data: bytes) -> Tree:
    """Take a listing apart."""
    numbers, found = _columns(data, 7, 6)
    *columns, text, digests = found
    words: list[Tree] = [word.decode("utf-8", "surrogateescape") for word in text.split(b"\0")]
    told: list[Tree] = [*map(column, columns), words, [numbers[6]], digests]
    return Node("listing", [[0] * 6, *told])


def from_listing(tree: Tree) -> bytes:
    """Put a listing together."""
    if isinstance(tree, Node) and tree.was is not None:
        return tree.was
    lies, *columns, words, types, digests = parts(tree)
    text = b"\0".join(
        one.encode("utf-8", "surrogateescape") if isinstance(one, str) else raw(one)
        for one in parts(words)
    )
    told = [*map(from_column, columns), text]
    head = [*_lied([*map(len, told)], lies), *map(number, parts(types)[:1] or [0])]
    return b"".join([pack(head), *told, raw(digests)])


def listed_apart(data: bytes) -> Tree:
    """Take apart what block 0 tells."""
    _, (before, behind, listing) = _columns(data, 2, 2)
    return Node("listed", [[0, 0], before, behind, tried(listing_apart, listing)])


def from_listed(tree: Tree) -> bytes:
    """Put together what block 0 tells."""
    if not isinstance(tree, Node):
        return raw(tree)
    lies, before, behind, listing = tree.parts
    told = [raw(before), raw(behind)]
    body = from_listing(listing) if isinstance(listing, Node) else raw(listing)
    return b"".join([pack(_lied([*map(len, told)], lies)), *told, body])


def tried(apart: Callable[[bytes], Tree], data: bytes) -> Tree:
    """Take something apart if it can be."""
    try:
        tree = apart(data)
        return Node(tree.kind, tree.parts, data) if isinstance(tree, Node) else tree
    except (RefusedError, ValueError, zstandard.ZstdError, lzma.LZMAError, EOFError):
        return data


def payload_apart(
    codec: int, payload: bytes, references: bytes, listed: Callable[[bytes], Tree] | None = None
) -> Tree:
    """Take a block's payload apart, down to what is compressed in it."""
    if codec & EXPANDED:
        return _expanded_apart(codec & ~EXPANDED, payload, references)
    if codec == ZSTD:
        plain = _unpacked_zstd(payload, references)
        return Node("zstd", [listed(plain) if listed else plain])
    return _patch_apart(codec, payload, references)


def _patch_apart(codec: int, payload: bytes, references: bytes) -> Tree:
    if codec == PARTS:
        return _parts_apart(payload, references)
    return _lzma_apart(payload) if codec == PATCH else payload


def _parts_apart(payload: bytes, references: bytes) -> Tree:
    numbers, start = unpack_first(payload, 12)
    streams: list[Tree] = []
    for way, length in zip(numbers[::3], numbers[1::3], strict=True):
        packed, start = payload[start : start + length], start + length
        plain = packed
        if way in {ZSTD_WAY, PREFIX_WAY}:
            plain = _unpacked_zstd(packed, references if way == PREFIX_WAY else b"")
        elif way != PLAIN_WAY:
            plain = _unpacked_lzma(way, packed)
        streams.append(plain)
    ways = cast("list[Tree]", numbers[::3])
    pieces, runs, *rest = streams
    return Node("parts", [[0] * 12, ways, column(raw(pieces)), column(raw(runs)), *rest])


def _expanded_apart(codec: int, payload: bytes, references: bytes) -> Tree:
    numbers, start = unpack_first(payload, 4)
    packed, rest = payload[start : start + numbers[0]], payload[start + numbers[0] :]
    recipe = _unpacked_zstd(packed, b"") if packed else b""
    told = recipe_apart(recipe, deflates=False) if recipe else b""
    inner: Tree = rest
    if codec in {PATCH, PARTS}:
        inner = _patch_apart(codec, rest, _inflated(references, recipe))
    elif codec == ZSTD:
        plain = _unpacked_zstd(rest, _inflated(references, recipe))
        deflating = plain[: numbers[2]]
        way = recipe_apart(deflating, deflates=True) if deflating else b""
        inner = Node("deflated", [way, plain[numbers[2] :]])
    return Node("expanded", [[0] * 4, told, [numbers[2], numbers[3]], inner])


def _inflated(references: bytes, recipe: bytes) -> bytes:
    try:
        return bytes(inflate(references, recipe)) if recipe else references
    except RefusedError:
        return references


def _lzma_apart(payload: bytes) -> Tree:
    return Node("lzma", [payload[0], tried(patch_apart, _unpacked_lzma(payload[0], payload[1:]))])


def _unpacked_lzma(bits: int, packed: bytes) -> bytes:
    way = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << min(bits, 24)}
    stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[way])
    plain = stream.decompress(packed, _PLAIN)
    if not stream.eof:
        raise ValueError("too large to be taken apart, or damaged")
    return plain


def _unpacked_zstd(packed: bytes, references: bytes) -> bytes:
    if zstandard.frame_content_size(packed) > _PLAIN:
        raise ValueError("too large to be taken apart")
    prefix = dictionary(references) if len(references) >= 8 else None
    return zstandard.ZstdDecompressor(dict_data=prefix).decompress(packed, max_output_size=_PLAIN)


def from_payload(tree: Tree, references: bytes) -> bytes:
    """Compress what a payload was taken apart into."""
    match tree:
        case Node(was=bytes(unchanged)):
            return unchanged
        case Node("expanded", [lies, recipe, numbers, inner]):
            plain = from_recipe(recipe)
            packed = zstandard.compress(plain, 1) if plain else b""
            rest = [number(one) for one in parts(numbers)]
            if isinstance(inner, Node) and inner.kind == "deflated":
                way, content = from_recipe(inner.parts[0]), raw(inner.parts[1])
                rest = [len(way), len(content)]
                body = zstd(way + content, _inflated(references, plain))
            else:
                body = from_payload(inner, _inflated(references, plain))
            return pack(_lied([len(packed), len(plain), *rest], lies)) + packed + body
        case Node("zstd", [plain]):
            return zstd(from_listed(plain), references)
        case Node("lzma", [bits, patch]):
            body = from_patch(patch) if isinstance(patch, Node) else raw(patch)
            return bytes([number(bits) % 256]) + _lzma(body)
        case Node("parts", [lies, ways, *streams]):
            return _from_parts([number(one) for one in parts(ways)], streams, lies, references)
        case _:
            return raw(tree)


def _from_parts(ways: list[int], streams: list[Tree], lies: Tree, references: bytes) -> bytes:
    """Pack the streams of a patch, each in its way."""
    plains = [from_column(one) for one in streams]
    packed = [
        _packed(way, plain, references)
        for way, plain in zip([*ways, 0, 0, 0, 0], plains, strict=False)
    ]
    told = zip([*ways, 0, 0, 0, 0], map(len, packed), map(len, plains), strict=False)
    return pack(_lied([one for three in told for one in three], lies)) + b"".join(packed)


def _packed(way: int, plain: bytes, references: bytes) -> bytes:
    if way == PLAIN_WAY:
        return plain
    if way in {ZSTD_WAY, PREFIX_WAY}:
        return zstd(plain, references if way == PREFIX_WAY else b"")
    return _lzma(plain)


def _lzma(plain: bytes) -> bytes:
    lzma2 = {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16}
    return lzma.compress(plain, lzma.FORMAT_RAW, filters=[lzma2])


def zstd(plain: bytes, references: bytes) -> bytes:
    """Compress quickly, with references as prefix."""
    prefix = dictionary(references) if len(references) >= 8 else None
    compressor = zstandard.ZstdCompressor(
        level=1,
        dict_data=prefix,
        write_checksum=False,
        write_dict_id=False,
        write_content_size=False,
    )
    return compressor.compress(plain)


def head_apart(head: bytes) -> tuple[int, bytes, int]:
    """Give a head's format, its index, and where the blocks begin."""
    magic, version, packed, _ = _FRAME.unpack_from(head)
    if magic != _MAGIC:
        raise ValueError("no bundle")
    stop = _FRAME.size + packed
    return version, _unpacked_zstd(head[_FRAME.size : stop], b""), stop


def from_head(version: int, index: bytes, lies: Tree = None) -> bytes:
    """Frame an index."""
    packed = zstandard.compress(index, 1)
    lengths = _lied([len(packed), len(index)], lies)
    shown = (min(length, (1 << 32) - 1) for length in lengths)
    return _FRAME.pack(_MAGIC, version % 256, *shown) + packed


def compact_apart(data: bytes) -> Node:
    """Take a compact index apart, down to its columns."""
    fields = msgspec.msgpack.decode(data)
    pack_id, version, base, prelude, roots, untold, codecs, numbers, digests = fields
    told = unpack(numbers, _MOST_NUMBERS)
    count = len(codecs)
    columns = [told[n * count : (n + 1) * count] for n in range(3)]
    rest: list[Tree] = [pack_id, version, base, prelude, roots, untold, codecs]
    return Node(
        "compact", [*rest, *cast("list[Tree]", columns), _moves(told[3 * count :]), digests]
    )


def _moves(numbers: Sequence[int]) -> Tree:
    return cast("Tree", list(numbers))


def from_compact(tree: Tree) -> bytes:
    """Put a compact index together."""
    *first, codecs, lengths, sizes, counts, moves, digests = parts(tree)
    numbers = b"".join(map(from_column, (lengths, sizes, counts, moves)))
    return packed_value([*first, codecs, numbers, digests])


def packed_value(value: Tree) -> bytes:
    """Encode MessagePack, numbers within what it can hold."""
    return msgspec.msgpack.encode(_fitting(value))


def _fitting(value: Tree) -> Tree:
    match value:
        case Node(_, parts):
            return [*map(_fitting, parts)]
        case list():
            return [*map(_fitting, value)]
        case dict():
            return {name: _fitting(one) for name, one in value.items()}
        case str():
            return value.encode("utf-8", "replace").decode()
        case int():
            return min(value, (1 << 64) - 1)
        case _:
            return value


class Block:
    """One block of a bundle that was taken apart; see ``bundle_apart``."""

    def __init__(self, tree: Tree) -> None:
        codec, size, lie, moves, payload = parts(tree)
        self.codec, self.moves = number(codec, 255), moves
        self.payload = payload
        self._size, self._lie = number(size), number(lie)

    def size(self, plain: bytes | None) -> int:
        """Give the bytes that it says it makes."""
        return (self._size if plain is None else len(plain)) + self._lie


def bundle_apart(data: bytes, base_text: bytes, *, blocks: bool = True) -> Tree:
    """Take a bundle of format 2 apart; without its blocks it is a head.

    Args:
        data: its bytes.
        base_text: what block 0 is compressed against.
        blocks: whether those behind the prelude are there.
    """
    version, index, start = head_apart(data)
    if version != COMPACT:
        raise ValueError("another format")
    *first, codecs, lengths, sizes, counts, moves, _ = parts(compact_apart(index))
    told: list[Tree] = []
    rest, at = parts(moves), 0
    for n, codec in enumerate(raw(codecs)):
        length, count = number(parts(lengths)[n]), 2 * number(parts(counts)[n])
        payload, text = data[start : start + length], b"" if n else base_text
        if blocks or n < number(first[3]):
            taken = tried(_with(codec, text, None if n else listed_apart), payload)
        else:
            taken = Node("absent", [length])
        told.append(Node("block", [codec, parts(sizes)[n], 0, rest[at : at + count], taken]))
        start, at = start + length, at + count
    return Node("bundle", [*first, [0, 0], told, b""])


def _with(
    codec: int, references: bytes, listed: Callable[[bytes], Tree] | None
) -> Callable[[bytes], Tree]:
    return lambda payload: payload_apart(codec, payload, references, listed)


def from_bundle(tree: Tree, base_text: bytes) -> bytes:
    """Put a bundle together, all digests being right."""
    *first, lies, told, behind = parts(tree)
    blocks = [Block(one) for one in parts(told) if len(parts(one)) == 5]
    payloads: list[bytes] = []
    lengths: list[int] = []
    sizes: list[int] = []
    for n, block in enumerate(blocks):
        payloads.append(from_payload(block.payload, b"" if n else base_text))
        is_absent = isinstance(block.payload, Node) and block.payload.kind == "absent"
        lengths.append(number(parts(block.payload)[0]) if is_absent else len(payloads[-1]))
        plain = from_listed(parts(block.payload)[0]) if _is_told(n, block) else None
        sizes.append(block.size(plain))
    prelude = number(first[3])
    columns = [
        pack(lengths),
        pack(sizes),
        pack(len(parts(block.moves)) // 2 for block in blocks),
        pack(number(one) for block in blocks for one in parts(block.moves)),
    ]
    digests = b"".join(hashlib.sha256(one).digest() for one in payloads[prelude:])
    codecs = bytes(block.codec for block in blocks)
    index = packed_value([*first, codecs, b"".join(columns), digests])
    return from_head(COMPACT, index, lies) + b"".join(payloads) + raw(behind)


def _is_told(position: int, block: Block) -> bool:
    return not position and isinstance(block.payload, Node) and block.payload.kind == "zstd"
