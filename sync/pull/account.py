"""What still travels for one version, by item and step: the planner's view of a bundle.

What several items need is counted for the first of them in teaching order, so that the sum is
right; an item that lacks nothing but that is told as lacking one byte.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from core.bundle.codecs import STORED
from core.bundle.index import Index
from core.bundle.needs import makeable
from core.digest import Digest, parse_digest
from core.errors import RefusedError
from core.manifest import Item, Manifest
from core.plan.outstanding import OutstandingItem, Step
from core.rendition import AUDIO
from core.wanted import EVERYTHING, ItemStep, Portion, demanded, item_steps, spare_of
from core.withdrawal import Withdrawal, covering
from sync.pull.schedule import Group, schedule
from sync.pull.staging import OUTPUTS

MOST_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Demand:
    """What is wanted of a version.

    Attributes:
        portion: what the assignment wants.
        wished: items that a teacher wishes and that are not here.
        withdrawals: of its pack.
    """

    portion: Portion = EVERYTHING
    wished: Collection[str] = ()
    withdrawals: Sequence[Withdrawal] = ()

    def of(self, manifest: Manifest, item: Item) -> Portion | None:
        """Say what is wanted of an item; None for nothing."""
        if covering(self.withdrawals, item.id, manifest.version) is not None:
            return None
        return demanded(self.portion, item.id, wished=item.id in self.wished)


class Here(NamedTuple):
    """Says what is here.

    Attributes:
        size: gives the size of a blob; None when it is not here.
        is_sound: says of a blob that others are made from whether it is here, and undamaged.
    """

    size: Callable[[Digest], int | None]
    is_sound: Callable[[Digest], bool]


@dataclass(frozen=True, slots=True)
class Received:
    """What an earlier run left, as the sizes of its files say it.

    Attributes:
        outputs: bytes that are made, by blob.
        payloads: bytes that are here, by block.
    """

    outputs: Mapping[Digest, int] = field(default_factory=dict)
    payloads: Mapping[int, int] = field(default_factory=dict)


Known = Sequence[tuple[Index, Received]] | float
"""The indexes of bundles, and what is here of each, those first that cost least; where none is
here, the share of the files' bytes that will travel."""


class Account(NamedTuple):
    """What still travels.

    Attributes:
        items: those of which something does.
        rest: bytes for what no item names.
        rest_size: bytes of those files.
        unknown: what none of the bundles brings: what it costs is a guess.
    """

    items: list[OutstandingItem]
    rest: int
    rest_size: int
    unknown: frozenset[Digest] = frozenset()

    @property
    def line(self) -> int:
        """Bytes that travel for all of it."""
        return self.rest + sum(step.line for item in self.items for step in item.steps)

    @property
    def size(self) -> int:
        """Bytes of all files that are not here."""
        return self.rest_size + sum(step.size for item in self.items for step in item.steps)

    @property
    def is_settled(self) -> bool:
        """Whether nothing does."""
        return not self.items and not self.rest_size


def received(staging: Path, index: Digest) -> Received:
    """Look what is half received of a bundle."""
    outputs = _sizes(staging / OUTPUTS)
    payloads = _sizes(staging / index)
    return Received(
        {parse_digest(name): size for name, size in outputs.items() if _is_digest(name)},
        {int(name): size for name, size in payloads.items() if name.isdecimal()},
    )


def lacking(
    manifest: Manifest, demand: Demand, size_here: Callable[[Digest], int | None]
) -> frozenset[Digest]:
    """Name what is wanted and not here."""
    return _Dealing(manifest, demand, _missing(manifest, size_here)).wanted


def account(
    manifest: Manifest,
    demand: Demand,
    here: Here,
    served: Collection[str],
    bundles: Known,
) -> Account:
    """Reckon what still travels.

    Args:
        manifest: the version.
        demand: what is wanted of it.
        here: says what is here.
        served: items that can be opened.
        bundles: what is known of them.
    """
    missing = _missing(manifest, here.size)
    dealing = _Dealing(manifest, demand, missing)
    if isinstance(bundles, float):
        costs, unknown = _estimated(bundles, dealing.groups, missing), frozenset[Digest]()
    else:
        costs, unknown = _costs(bundles, dealing.groups, missing, here)
    items = [told for lot in dealing.lots if (told := _told(lot, costs, served)) is not None]
    rest = _of(costs, dealing.rest)
    return Account(items, rest.line, rest.size, unknown & dealing.wanted)


def _missing(manifest: Manifest, size_here: Callable[[Digest], int | None]) -> dict[Digest, int]:
    sizes = manifest.digests()
    return {one: size for one, size in sizes.items() if size_here(one) != size}


class _Cost(NamedTuple):
    line: int
    size: int


class _Lot(NamedTuple):
    """An item's steps, each with the number of the group that brings it; None when it is here."""

    item: Item
    steps: list[tuple[str, int | None]]
    spare: tuple[str, int, int] | None = None
    """A lower rendition, the group that brings it, and bytes that a step brings, too."""


class _Dealing:
    """Deals the blobs that are not here out to items' steps, each blob once.

    Attributes:
        groups: what each step brings.
        lots: the items.
        rest: the number of the group that no item names; None when there is none.
        wanted: what these bring, spares aside.
    """

    def __init__(self, manifest: Manifest, demand: Demand, missing: Mapping[Digest, int]) -> None:
        self.groups: list[Group] = []
        self.lots: list[_Lot] = []
        self.rest: int | None = None
        self._digests = {file.path: file.digest for file in manifest.files}
        self._left = set(missing)
        self._missing = missing
        named: set[str] = set()
        for item in manifest.items:
            named |= {item.entry, *(file.path for file in manifest.files_of(item))}
            portion = demand.of(manifest, item)
            if portion is not None:
                steps = item_steps(manifest, item, portion)[:MOST_STEPS]
                self.lots.append(_Lot(item, [(o.rendition, self._deal(item, o)) for o in steps]))
        if demand.portion.items is None:
            self.rest = self._group("", {file.path for file in manifest.files} - named)
        self.wanted = frozenset(missing) - self._left
        # Last, since they are only in the place of what is wanted.
        self.lots = [self._spared(manifest, lot, demand) for lot in self.lots]

    def _deal(self, item: Item, step: ItemStep) -> int | None:
        return self._group(item.id, step.paths)

    def _group(self, item: str, paths: Collection[str]) -> int | None:
        lacking = self._lacking(paths)
        if not lacking:
            return None
        self.groups.append(Group(item, frozenset(lacking & self._left)))
        self._left -= lacking
        return len(self.groups) - 1

    def _lacking(self, paths: Collection[str]) -> set[Digest]:
        return {self._digests[path] for path in paths} & self._missing.keys()

    def _spared(self, manifest: Manifest, lot: _Lot, demand: Demand) -> _Lot:
        """Give an item that has nothing to show its spare, if there is one."""
        portion = demand.of(manifest, lot.item) or EVERYTHING
        spare = spare_of(lot.item, portion) if lot.steps[0][1] is not None else None
        if spare is None:
            return lot
        (step,) = item_steps(manifest, lot.item, Portion((spare,)))
        shared = sum(self._missing[one] for one in self._lacking(step.paths) - self._left)
        group = self._deal(lot.item, step)
        return lot if group is None else lot._replace(spare=(spare, group, shared))


def _estimated(share: float, groups: list[Group], missing: Mapping[Digest, int]) -> list[_Cost]:
    """Give what each group probably costs."""
    sizes = [sum(missing[one] for one in group.wanted) for group in groups]
    return [_Cost(max(1, round(size * share)), max(1, size)) for size in sizes]


def _costs(
    bundles: Sequence[tuple[Index, Received]],
    groups: list[Group],
    missing: Mapping[Digest, int],
    here: Here,
) -> tuple[list[_Cost], frozenset[Digest]]:
    """Give what each group costs, and what none of the bundles brings."""
    lines = [0] * len(groups)
    came: dict[Digest, int] = {}
    left = frozenset[Digest]().union(*(group.wanted for group in groups))
    for index, received in bundles:
        if not left:
            break
        held = {one.digest for one in index.outputs if here.size(one.digest) == one.size}
        mine = makeable(index, left, held, here.is_sound)
        left -= mine
        dealt = [group._replace(wanted=group.wanted & mine) for group in groups]
        came |= {one: received.outputs.get(one, 0) for one in mine}
        for group, line in _lines(index, received, dealt, held):
            lines[group] += line
    costs = [
        _Cost(
            # What is not known to be brought comes to about its size. None is free: it is asked
            # for.
            max(1, line + sum(missing[one] for one in group.wanted & left)),
            max(1, sum(missing[one] - came.get(one, 0) for one in group.wanted)),
        )
        for group, line in zip(groups, lines, strict=True)
    ]
    return costs, left


def _lines(
    index: Index, received: Received, groups: list[Group], held: set[Digest]
) -> Iterator[tuple[int, int]]:
    """Give of each block that a bundle has to bring its group, and the bytes that travel."""
    made = {
        number: min(received.outputs[one.digest], one.size)
        for number, one in enumerate(index.outputs)
        if one.digest in received.outputs
    }
    plan = schedule(index, groups, held, made)
    for number in plan.blocks:
        here = received.payloads.get(number, 0) or _made_of(index, number, made)
        yield plan.groups[number], max(0, index.blocks[number].length - here)


def _made_of(index: Index, number: int, made: Mapping[int, int]) -> int:
    """Give how many bytes are here of a block that is received where it belongs."""
    block = index.blocks[number]
    if block.codec != STORED or len(block.outputs) != 1:
        return 0
    output, offset, _ = block.outputs[0]
    return max(0, made.get(output, 0) - offset)


def _told(lot: _Lot, costs: list[_Cost], served: Collection[str]) -> OutstandingItem | None:
    """Tell an item, unless all of it is here."""
    if all(group is None for _, group in lot.steps):
        return None
    steps = [_step(lot.item, rendition, _of(costs, group)) for rendition, group in lot.steps]
    spare = None
    if lot.spare is not None:
        rendition, group, shared = lot.spare
        line, size = costs[group]
        spare = _step(lot.item, rendition, _Cost(line + shared, size + shared))
    return OutstandingItem(lot.item.id, steps, lot.item.id in served, spare)


def _step(item: Item, rendition: str, cost: _Cost) -> Step:
    alone = rendition == AUDIO and item.kind == "video"
    return Step(rendition, cost.line, cost.size, sound_alone=alone)


def _of(costs: list[_Cost], group: int | None) -> _Cost:
    return _Cost(0, 0) if group is None else costs[group]


def _sizes(directory: Path) -> dict[str, int]:
    try:
        return {one.name: one.stat().st_size for one in directory.iterdir() if one.is_file()}
    except FileNotFoundError:
        return {}


def _is_digest(name: str) -> bool:
    try:
        parse_digest(name)
    except RefusedError:
        return False
    return True
