"""Whatever is held and staged, the blocks chosen suffice, and no fewer would."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from core.bundle.codecs import ZSTD
from core.bundle.index import Block, Index, Output, Slice, check_index
from core.bundle.needs import blocks_needed
from core.digest import digest_from_bytes

Draw = Callable[[st.SearchStrategy[int]], int]


@st.composite
def indexes(draw: Draw) -> Index:
    """Indexes whose blocks refer to sources and to what earlier blocks made."""
    sizes = [draw(st.integers(1, 9)) for _ in range(draw(st.integers(1, 5)))]
    made = [0] * len(sizes)
    blocks: list[Block] = []
    while any(done < size for done, size in zip(made, sizes, strict=True)):
        open_outputs = [n for n, size in enumerate(sizes) if made[n] < size]
        output = open_outputs[draw(st.integers(0, len(open_outputs) - 1))] if blocks else 0
        length = draw(st.integers(1, sizes[output] - made[output]))
        references: list[Slice] = []
        ready = [n for n, done in enumerate(made) if done]
        if ready and draw(st.integers(0, 1)):
            other = ready[draw(st.integers(0, len(ready) - 1))]
            references.append((1 + other, 0, draw(st.integers(1, made[other]))))
        blocks.append(Block(ZSTD, length, bytes(32), [(output, made[output], length)], references))
        made[output] += length
    outputs = [Output(bytes([n]) * 32, size) for n, size in enumerate(sizes)]
    return Index("gd/-/x", 1, 0, [bytes([255]) * 32], outputs, blocks)


def follow(index: Index, blocks: list[int], held: set[int], staged: dict[int, int]) -> bool:
    """Make the blocks in order; whether each could be made from what was there by then."""
    done = dict(staged)
    for number in blocks:
        block = index.blocks[number]
        for blob, offset, length in block.references:
            if blob - 1 not in held and offset + length > done.get(blob - 1, 0):
                return False
        for output, offset, length in block.outputs:
            if done.get(output, 0) < offset:
                return False
            done[output] = max(done.get(output, 0), offset + length)
    staged.update(done)
    return True


@given(index=indexes(), choice=st.data())
def test_the_chosen_blocks_suffice_and_none_is_idle(index: Index, choice: st.DataObject) -> None:
    check_index(index)
    numbers = range(len(index.outputs))
    wanted = set(choice.draw(st.sets(st.sampled_from(numbers))))
    held = set(choice.draw(st.sets(st.sampled_from(numbers))))
    staged = {
        n: choice.draw(st.integers(0, index.outputs[n].size)) for n in numbers if n not in held
    }
    digest = {n: digest_from_bytes(bytes([n]) * 32) for n in numbers}
    needs = blocks_needed(index, {digest[n] for n in wanted}, {digest[n] for n in held}, staged)

    after = dict(staged)
    assert follow(index, needs.blocks, held, after)
    for n in wanted - held:
        assert after.get(n, 0) == index.outputs[n].size
        assert n in needs.outputs
    assert not needs.outputs & held
    for left_out in needs.blocks:
        without = dict(staged)
        rest = [number for number in needs.blocks if number != left_out]
        complete = follow(index, rest, held, without) and all(
            without.get(n, 0) == index.outputs[n].size for n in wanted - held
        )
        assert not complete
