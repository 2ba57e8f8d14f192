"""In which order the blocks of a bundle are fetched: lesson by lesson, as the manifest has them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from core.bundle.index import Index
from core.bundle.needs import blocks_needed, cost
from core.digest import Digest
from core.manifest import Manifest

# Choosing blocks takes time with groups times blocks; beyond this, lessons share a group.
_MOST_WORK: Final = 4_000_000


class Group(NamedTuple):
    """What is fetched together: a lesson's blobs, or those that no lesson names."""

    item: str
    wanted: frozenset[Digest]


class Schedule(NamedTuple):
    """What to fetch.

    Attributes:
        blocks: block numbers in the order of fetching.
        items: the item that each block is fetched for, by block number.
        outputs: numbers of the outputs that they make.
        total: bytes of the blocks.
    """

    blocks: list[int]
    items: dict[int, str]
    outputs: frozenset[int]
    total: int


def groups_of(manifest: Manifest, missing: Collection[Digest]) -> list[Group]:
    """Group the blobs that are not here by the first item that needs them, in teaching order."""
    left = set(missing)
    result: list[Group] = []
    for item in manifest.items:
        if not left:
            break
        wanted = left.intersection(file.digest for file in manifest.files_of(item))
        if wanted:
            result.append(Group(item.id, frozenset(wanted)))
            left -= wanted
    if left:
        result.append(Group("", frozenset(left)))
    return result


def schedule(
    index: Index,
    groups: Iterable[Group],
    held: Collection[Digest],
    staged: Mapping[int, int],
    waiting: Collection[int] = (),
) -> Schedule:
    """Choose the blocks for all groups, in order.

    Args:
        index: a checked index.
        groups: what is wanted.
        held: digests of blobs that the node holds whole.
        staged: bytes already made, by output number.
        waiting: blocks that are here and wait for others.
    """
    items: dict[int, str] = {}
    outputs: set[int] = set()
    for group in _merged(list(groups), len(index.blocks)):
        needs = blocks_needed(index, group.wanted, held, staged)
        outputs |= needs.outputs
        for number in needs.blocks:
            items.setdefault(number, group.item)
    blocks = [number for number in items if number not in waiting]
    return Schedule(blocks, items, frozenset(outputs), cost(index, blocks))


def _merged(groups: list[Group], blocks: int) -> list[Group]:
    step = max(1, len(groups) * blocks // _MOST_WORK + 1)
    return [
        Group(some[0].item, frozenset().union(*(one.wanted for one in some)))
        for some in (groups[start : start + step] for start in range(0, len(groups), step))
    ]
