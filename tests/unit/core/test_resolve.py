"""A delta's head gives the manifest byte by byte, and the blocks in a node's own terms."""

from dataclasses import replace

import msgspec
import pytest

from core.bundle.codecs import decode_block
from core.bundle.compact import Range
from core.bundle.index import check_index
from core.bundle.listed import Rows, rows_of
from core.bundle.needs import makeable
from core.bundle.resolve import Resolved, resolve, resolve_known
from core.digest import Digest, digest_of
from core.errors import RefusedError
from core.manifest import encode_manifest
from tests.support.small_delta import SmallDelta

OLD = {"a.html": b"one two three " * 9, "b.html": b"four five six " * 9, "gone.txt": b"seven " * 9}
NEW = {
    "a.html": OLD["a.html"] + b"and more",
    "b.html": b"in front " + OLD["b.html"],
    "c.txt": b"new and " + OLD["gone.txt"],
    "empty.txt": b"",
    "moved/gone.txt": OLD["gone.txt"],
}


def base_of(delta: SmallDelta) -> Rows:
    return rows_of(encode_manifest(delta.base), delta.base)


def read(digest: Digest, offset: int, length: int) -> bytes:
    old = {digest_of(data): data for data in OLD.values()}
    return old[digest][offset : offset + length]


def resolved(delta: SmallDelta) -> Resolved:
    return resolve(delta.index, delta.head, base_of(delta), read)


@pytest.mark.parametrize("untold", [0, 1, 2])
def test_a_head_gives_the_manifest_and_what_it_holds(untold: int) -> None:
    delta = SmallDelta(OLD, NEW, untold)
    found = resolved(delta)
    assert found.manifest == encode_manifest(delta.manifest)
    assert list(found.made.values()) == delta.outputs[:untold]
    assert set(found.made) == {digest_of(data) for data in delta.outputs[:untold]}


@pytest.mark.parametrize("untold", [0, 2])
def test_the_blocks_behind_it_make_the_rest(untold: int) -> None:
    delta = SmallDelta(OLD, NEW, untold)
    index = resolved(delta).index
    if not untold:
        # With all of the outputs it keeps the rules of format 1, but for the manifest.
        check_index(index)
    made = {n: delta.outputs[n] for n in range(untold)}
    sources = [read(digest, 0, 1000) for digest in index.source_digests()]
    for block, payload in zip(index.blocks, delta.payloads[1 + untold :], strict=True):
        parts = [*sources, *(made.get(n, b"") for n in range(len(index.outputs)))]
        references = b"".join(parts[n][at : at + size] for n, at, size in block.references)
        ((number, offset, length),) = block.outputs
        assert (offset, length) == (0, index.outputs[number].size)
        made[number] = bytes(decode_block(block.codec, payload, references, length))
    assert [made.get(n, b"") for n in range(len(delta.outputs))] == delta.outputs
    assert [one.digest for one in index.outputs] == [digest_of(data) for data in delta.outputs]


def test_a_known_manifest_stands_in_for_a_head_that_cannot_be_made() -> None:
    delta = SmallDelta(OLD, NEW, 1)
    known = resolve_known(delta.index, delta.head, base_of(delta), delta.manifest)
    assert known == resolved(delta).index
    # What refers to an output of the head waits for another bundle, like that output itself.
    every = {digest_of(data) for data in delta.outputs}
    assert makeable(known, every, set(), lambda _: True) == {digest_of(b"")}
    made = digest_of(delta.outputs[0])
    assert makeable(known, every, {made}, lambda _: True) == every


def test_what_refers_to_a_lost_source_is_not_makeable() -> None:
    delta = SmallDelta(OLD, NEW)
    index = resolved(delta).index
    every = {digest_of(data) for data in delta.outputs}
    lost = digest_of(OLD["a.html"])
    assert makeable(index, every, set(), lambda _: True) == every
    assert makeable(index, every, set(), lambda one: one != lost) == {digest_of(b"")}
    assert makeable(index, set(), set(), lambda _: False) == set()


@pytest.mark.parametrize("change", ["path", "size"])
def test_a_known_manifest_of_something_else_is_refused(change: str) -> None:
    delta = SmallDelta(OLD, NEW, 1)
    files = [
        msgspec.structs.replace(one, path=one.path + "x")
        if change == "path"
        else msgspec.structs.replace(one, size=one.size + 1)
        for one in delta.manifest.files
    ]
    other = msgspec.structs.replace(delta.manifest, files=files)
    with pytest.raises(RefusedError):
        resolve_known(delta.index, delta.head, base_of(delta), other)


def test_a_head_for_another_base_is_refused_or_proves_wrong() -> None:
    delta = SmallDelta(OLD, NEW, 1)
    other = SmallDelta({**OLD, "0.html": b"what is not there"}, NEW)
    with pytest.raises(RefusedError):
        resolve(delta.index, delta.head, base_of(other), read)


def test_a_head_whose_blocks_make_too_little_is_refused() -> None:
    delta = SmallDelta(OLD, NEW)
    index = replace(delta.index, blocks=delta.index.blocks[:-1])
    with pytest.raises(RefusedError, match="contradicts itself"):
        resolve(index, delta.head, base_of(delta), read)


def test_a_head_that_ends_inside_an_output_is_refused() -> None:
    delta = SmallDelta(OLD, NEW, 1)
    first, second, *rest = delta.index.blocks
    half = replace(second, size=second.size - 1)
    more = replace(rest[0], size=rest[0].size + 1)
    index = replace(delta.index, blocks=(first, half, more, *rest[1:]))
    with pytest.raises(RefusedError):
        resolve(index, delta.head, base_of(delta), read)


def test_outputs_without_digest_that_no_head_makes_are_refused() -> None:
    delta = SmallDelta(OLD, NEW, 1)
    blocks = list(delta.index.blocks)
    blocks[1] = replace(blocks[1], digest=bytes(32))
    index = replace(delta.index, prelude=1, blocks=tuple(blocks))
    with pytest.raises(RefusedError, match="contradicts itself"):
        resolve(index, delta.payloads[:1], base_of(delta), read)


@pytest.mark.parametrize("untold", [0, 2, 3])
def test_slices_of_all_blocks_are_counted_before_one_is_read(
    untold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    delta = SmallDelta(OLD, NEW, untold)
    # Each block refers to the 3 old files, and to the outputs before its own.
    slices = 3 + 4 + 5
    entries = slices + len(delta.index.blocks) + len(delta.outputs)
    monkeypatch.setattr("core.bundle.index.MAX_ENTRIES", entries)
    assert resolved(delta).manifest == encode_manifest(delta.manifest)
    monkeypatch.setattr("core.bundle.index.MAX_ENTRIES", entries - 1)
    asked: list[Digest] = []

    def ask(digest: Digest, offset: int, length: int) -> bytes:
        asked.append(digest)
        return read(digest, offset, length)

    with pytest.raises(RefusedError, match="entries"):
        resolve(delta.index, delta.head, base_of(delta), ask)
    with pytest.raises(RefusedError, match="entries"):
        resolve_known(delta.index, delta.head, base_of(delta), delta.manifest)
    assert asked == []


def test_references_to_what_is_not_made_yet_are_refused() -> None:
    delta = SmallDelta(OLD, NEW)
    blocks = list(delta.index.blocks)
    space = sum(len(data) for data in OLD.values())
    blocks[1] = replace(blocks[1], references=(Range(0, space + 1),))
    index = replace(delta.index, blocks=tuple(blocks))
    with pytest.raises(RefusedError, match="not there"):
        resolve(index, delta.head, base_of(delta), read)
