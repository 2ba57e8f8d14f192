"""By assignments: which packs a school should hold, and which those of a group.

A node obeys the assignments whose place covers its own. One without a place obeys those that
name its school. An assignment chooses packs only when it has a rule: one that has groups and
channels alone leaves them to others. Where none chooses, a node takes every pack.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from core.assignment import EVERYBODY, USUAL, Assignment, Rule
from core.names import PackId
from core.timetable import Channel

_MOST_NAMES: Final = 100


class Wanted(NamedTuple):
    """How a pack is wanted.

    Attributes:
        priority: 1 to 9; 1 comes first.
        renditions: those wanted, sorted; empty for all.
    """

    priority: int = USUAL
    renditions: tuple[str, ...] = ()


def covers(place: str, other: str) -> bool:
    """Say whether an assignment's place covers another place.

    Args:
        place: of an assignment, such as ``gd/zhuhai`` or ``gd/-``.
        other: of a node, such as ``gd/zhuhai``, ``gd/-`` or ``gd``.
    """
    first, _, second = place.partition("/")
    its_first, _, its_second = other.partition("/")
    return first == its_first and second in {"-", its_second or "-"}


def in_force(assignment: Assignment, school: str, place: str) -> bool:
    """Say whether a node obeys an assignment.

    Args:
        assignment: any publisher's.
        school: the node's school.
        place: the node's place; empty when it has none.
    """
    if place:
        return covers(assignment.place, place)
    return any(school in schools for schools in assignment.groups.values())


def chooses(assignment: Assignment, school: str, place: str) -> bool:
    """Say whether an assignment decides which packs a node takes."""
    return bool(assignment.rules) and in_force(assignment, school, place)


def wanted(
    assignments: Iterable[Assignment], school: str, place: str, packs: Iterable[PackId]
) -> dict[PackId, Wanted] | None:
    """Choose the packs that a school should hold.

    Args:
        assignments: every publisher's.
        school: its id.
        place: its place; empty when it has none.
        packs: those that are published.

    Returns:
        How each wanted pack is wanted; None when no assignment in force has rules, so that all
        are.
    """
    obeyed = [one for one in assignments if chooses(one, school, place)]
    if not obeyed:
        return None
    return _chosen([rule for one in obeyed for rule in rules_for(one, school)], packs)


def wanted_by_group(
    assignments: Sequence[Assignment], group: str, packs: Iterable[PackId]
) -> dict[PackId, Wanted] | None:
    """Choose the packs that any school of a group should hold, such as for a stick.

    The schools' places are not known here: they are taken to be the place of whoever made the
    group, and what a county within it says of one of the schools counts too.

    Returns:
        How each wanted pack is wanted; None when nobody has a group of that name.
    """
    owners = [one for one in assignments if group in one.groups]
    if not owners:
        return None
    rules: list[Rule] = []
    for owner in owners:
        schools = set(owner.groups[group])
        if not schools <= _ruled(assignments, owner.place, schools):
            return dict.fromkeys(packs, Wanted())
        for one in assignments:
            above = covers(one.place, owner.place)
            if above or covers(owner.place, one.place):
                rules += [rule for rule in one.rules if _concerns(one, rule, schools, above=above)]
    return _chosen(rules, packs)


def rules_for(assignment: Assignment, school: str) -> list[Rule]:
    """Give the rules of the groups that a school is in."""
    groups = {name for name, schools in assignment.groups.items() if school in schools}
    return [rule for rule in assignment.rules if rule.group in {EVERYBODY, *groups}]


def channels_by_place(
    assignments: Iterable[Assignment], school: str, place: str
) -> dict[str, list[Channel]]:
    """Give each obeyed publisher's channels for a school, by the publisher's place.

    Args:
        assignments: every publisher's.
        school: its id.
        place: its place; empty when it has none.
    """
    return {
        one.place: [
            channel
            for channel in one.channels
            if channel.group == EVERYBODY or school in one.groups[channel.group]
        ]
        for one in assignments
        if in_force(one, school, place)
    }


def nearest(channels: Mapping[str, Iterable[Channel]]) -> dict[str, tuple[str, Channel]]:
    """Give place and channel by the channel's name; of two, the nearer publisher's."""
    found: dict[str, tuple[str, Channel]] = {}
    # A province's place ends in "-", so a county's comes later and stays.
    for place in sorted(channels, key=lambda one: (not one.endswith("/-"), one)):
        found |= {channel.id: (place, channel) for channel in channels[place]}
    return dict(sorted(found.items()))


def channels_for(assignments: Iterable[Assignment], school: str, place: str) -> list[Channel]:
    """Give the channels of a school, by name; of two with one name, the nearer publisher's."""
    found = nearest(channels_by_place(assignments, school, place))
    return [channel for _, channel in found.values()]


def matches(rule: Rule, pack: str) -> bool:
    """Say whether a rule is about a pack."""
    return fnmatchcase(pack, rule.pack)


def _concerns(one: Assignment, rule: Rule, schools: set[str], *, above: bool) -> bool:
    if rule.group != EVERYBODY:
        return not schools.isdisjoint(one.groups[rule.group])
    return above or any(not schools.isdisjoint(members) for members in one.groups.values())


def _ruled(assignments: Iterable[Assignment], owner: str, schools: set[str]) -> set[str]:
    """Give those of a group's schools for which some assignment chooses the packs."""
    ruled: set[str] = set()
    for one in assignments:
        if one.rules and covers(one.place, owner):
            return schools
        if one.rules and covers(owner, one.place):
            ruled.update(*one.groups.values())
    return ruled


def _chosen(rules: Sequence[Rule], packs: Iterable[PackId]) -> dict[PackId, Wanted]:
    """Let the most urgent rule decide about each pack; of equals, the one that wants more."""
    chosen: dict[PackId, Wanted] = {}
    for pack in packs:
        found = [rule for rule in rules if matches(rule, pack)]
        if not found:
            continue
        priority = min(rule.priority for rule in found)
        first = [rule for rule in found if rule.priority == priority]
        every = any(not rule.renditions for rule in first)
        names = {name for rule in first for name in rule.renditions}
        # More than there are is as good as all, and is kept as such.
        every = every or len(names) > _MOST_NAMES
        chosen[pack] = Wanted(priority, () if every else tuple(sorted(names)))
    return chosen
