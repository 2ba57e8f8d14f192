"""In which order blocks are fetched: every needed block once, whatever the groups."""

import random
from typing import Any

import pytest

from core.bundle.index import Block, Index, Output
from core.bundle.needs import Needs, blocks_needed
from core.digest import digest_of
from sync.pull.schedule import Group, schedule


def random_index(chance: random.Random) -> Index:
    """Make an index whose blocks refer to one another in every way that is allowed."""
    sizes = [chance.randrange(1, 40) for _ in range(12)]
    made = [0] * len(sizes)
    blocks = []
    while left := [one for one, size in enumerate(sizes) if made[one] < size]:
        known = [one for one, count in enumerate(made) if count]
        chosen = chance.sample(known, min(len(known), chance.randrange(3)))
        references = [(1 + one, 0, chance.randrange(1, made[one] + 1)) for one in chosen]
        slices = []
        for one in chance.sample(left[:3], min(len(left[:3]), chance.randrange(1, 3))):
            length = min(sizes[one] - made[one], chance.randrange(1, 20))
            slices.append((one, made[one], length))
            made[one] += length
        blocks.append(Block(1, 1, bytes(32), slices, [(0, 0, 1), *references]))
    outputs = [Output(bytes.fromhex(digest_of(b"%d" % n)), size) for n, size in enumerate(sizes)]
    return Index("a/b/c", 1, 0, [bytes(32)], outputs, blocks)


@pytest.mark.parametrize("seed", range(60))
def test_each_group_has_its_blocks_before_the_next_one(seed: int) -> None:
    chance = random.Random(seed)
    index = random_index(chance)
    digests = [output.digest for output in index.outputs]
    held = set(chance.sample(digests, 2))
    staged = {n: chance.randrange(index.outputs[n].size + 1) for n in chance.sample(range(12), 3)}
    wanted = chance.sample(digests, 8)
    groups = [Group(str(at), frozenset(wanted[at : at + 2])) for at in range(0, 8, 2)]

    plan = schedule(index, groups, held, staged)

    needs = blocks_needed(index, wanted, held, staged)
    assert (sorted(plan.blocks), plan.outputs) == (needs.blocks, needs.outputs)
    come: set[int] = set()
    for group in groups:
        come |= {block for block in plan.blocks if plan.items[block] == group.item}
        assert come >= set(blocks_needed(index, group.wanted, held, staged).blocks)


def test_many_small_lessons_are_chosen_in_one_look_at_the_index(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []

    def counted(*arguments: Any) -> Needs:
        looks.append(len(arguments))
        return blocks_needed(*arguments)

    monkeypatch.setattr("sync.pull.schedule.blocks_needed", counted)
    digests = [digest_of(b"%d" % number) for number in range(500)]
    outputs = [Output(bytes.fromhex(one), 1) for one in digests]
    blocks = [Block(0, 1, bytes(32), [(number, 0, 1)]) for number in range(500)]
    index = Index("a/b/c", 1, 0, [], outputs, blocks)
    groups = [Group(str(number), frozenset({one})) for number, one in enumerate(digests)]
    plan = schedule(index, groups, (), {})
    assert plan.items == {number: str(number) for number in range(500)}
    assert len(looks) == 1
