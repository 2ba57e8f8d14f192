"""In which order the blocks of a bundle are fetched: lesson by lesson, as the manifest has them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from core.bundle.index import Index
from core.bundle.needs import Needs, blocks_needed, cost
from core.digest import Digest
from core.manifest import Manifest
from core.wanted import EVERYTHING, LEAST, Portion, item_steps, steps


class Group(NamedTuple):
    """What is fetched together: blobs of a lesson, or those that no lesson names."""

    item: str
    wanted: frozenset[Digest]


class Schedule(NamedTuple):
    """What to fetch.

    Attributes:
        blocks: block numbers in the order of fetching.
        groups: the group that each block is fetched for, counted from 0, by block number.
        items: the item of that group, by block number.
        outputs: numbers of the outputs that they make.
        total: bytes of the blocks.
    """

    blocks: list[int]
    groups: dict[int, int]
    items: dict[int, str]
    outputs: frozenset[int]
    total: int


def groups_of(
    manifest: Manifest, missing: Collection[Digest], portion: Portion = EVERYTHING
) -> list[Group]:
    """Group the blobs that are not here by the first item that needs them, in teaching order.

    An item with renditions has several groups, one for each step that makes it better.
    """
    digests = _by_path(manifest)
    left = set(missing)
    result: list[Group] = []
    for item in manifest.items:
        if not left:
            break
        for step in steps(manifest, item, portion) if portion.has(item.id) else ():
            wanted = left.intersection(digests[path] for path in step)
            if wanted:
                result.append(Group(item.id, frozenset(wanted)))
                left -= wanted
    if left:
        result.append(Group("", frozenset(left)))
    return result


def lowest_of(manifest: Manifest, groups: Iterable[Group], portion: Portion) -> list[Group]:
    """Give what of groups shows items at all: of renditions the lowest one that is wanted."""
    digests = _by_path(manifest)
    lowest = {
        digests[path]
        for item in manifest.items
        if portion.has(item.id)
        for path in steps(manifest, item, portion)[0]
    }
    return [group._replace(wanted=group.wanted & lowest) for group in groups]


def least_of(manifest: Manifest, items: Collection[str]) -> list[Group]:
    """Give all blobs with which a class can be held of items, sound first, then pictures."""
    digests = _by_path(manifest)
    return [
        Group(item.id, frozenset(digests[path] for path in step))
        for item in manifest.items
        if item.id in items
        for step in steps(manifest, item, LEAST)
    ]


def steps_of(manifest: Manifest, wanted: Iterable[tuple[str, str]]) -> list[Group]:
    """Give all blobs with which each of items can be shown in a rendition, in order.

    Args:
        manifest: a version.
        wanted: items, each with the name of its rendition; what it lacks is left out.
    """
    digests = _by_path(manifest)
    items = {item.id: item for item in manifest.items}
    found: list[Group] = []
    for name, rendition in wanted:
        if name in items:
            portion = Portion((rendition,) if rendition else ())
            paths = item_steps(manifest, items[name], portion)[0].paths
            found.append(Group(name, frozenset(digests[path] for path in paths)))
    return found


def rest_of(manifest: Manifest, wanted: Collection[Digest]) -> Group:
    """Give those of wanted blobs that no item names."""
    named = {
        path
        for item in manifest.items
        for path in (item.entry, *(file.path for file in manifest.files_of(item)))
    }
    left = {file.digest for file in manifest.files if file.path not in named}
    return Group("", frozenset(left.intersection(wanted)))


def _by_path(manifest: Manifest) -> dict[str, Digest]:
    return {file.path: file.digest for file in manifest.files}


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
    groups = list(groups)
    needs = blocks_needed(index, frozenset().union(*(g.wanted for g in groups)), held, staged)
    walk = _Walk(index, needs)
    found = {
        number: place
        for place, group in enumerate(groups)
        for number in walk.blocks_of(group.wanted)
    }
    blocks = [number for number in found if number not in waiting]
    items = {number: groups[place].item for number, place in found.items()}
    return Schedule(blocks, found, items, needs.outputs, cost(index, blocks))


class _Walk:
    """Deals the needed blocks out to groups, each block once, each group's in ascending order.

    Takes time with the number of blocks, however many groups there are: a pack may have
    thousands of small lessons.
    """

    def __init__(self, index: Index, needs: Needs) -> None:
        self._index = index
        self._number = {index.outputs[one].digest: one for one in needs.outputs}
        # The blocks that are still to be dealt out, by what they make; the next one is the last.
        self._left: dict[int, list[tuple[int, int]]] = {one: [] for one in needs.outputs}
        self._dealt: set[int] = set()
        for number in reversed(needs.blocks):
            for output, offset, _ in index.blocks[number].outputs:
                if output in self._left:
                    self._left[output].append((offset, number))

    def blocks_of(self, wanted: Iterable[Digest]) -> Sequence[int]:
        """Give the blocks that make ``wanted`` and were not given before."""
        found: list[int] = []
        numbers = [self._number[one] for one in wanted if one in self._number]
        todo = [(number, self._index.outputs[number].size) for number in numbers]
        while todo:
            output, stop = todo.pop()
            left = self._left[output]
            while left and left[-1][0] < stop:
                number = left.pop()[1]
                if number not in self._dealt:
                    self._dealt.add(number)
                    found.append(number)
                    todo += self._references(number)
        return sorted(found)

    def _references(self, number: int) -> Iterable[tuple[int, int]]:
        """Give the outputs that a block refers to, and up to where."""
        first = len(self._index.sources)
        for blob, offset, length in self._index.blocks[number].references:
            if blob - first in self._left:
                yield blob - first, offset + length
