"""What a version costs each group of schools, before anything is sent.

It is that of the renditions that the group's assignment wants. A school that was away for longer
takes what new schools take.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.assigning import Wanted, matches, wanted
from core.assignment import EVERYBODY, Assignment
from core.display import one_line
from core.names import PackId
from core.rates import USUAL_RATES
from core.text import counted, human_bytes
from packager.build import Build
from packager.costs import Fetch, Read, fetches
from packager.quote import disk_data
from packager.tables import table, time_taken

_MOST_GROUPS: Final = 30


@dataclass(frozen=True)
class Taking:
    """A group of schools that takes a pack.

    Attributes:
        place: whose assignment says so; empty where none does, and every school takes all.
        group: its name; ``*`` for every school.
        schools: how many it has; 0 for every school.
        how: in which renditions.
    """

    place: str
    group: str
    schools: int
    how: Wanted


Quoted = tuple[Taking, list[Fetch]]
"""A group, and what one of its schools fetches."""


def takers(pack: PackId, assignments: Sequence[Assignment]) -> list[Taking]:
    """Give the groups that take a pack; every school where nobody assigns anything."""
    ruling = [one for one in assignments if one.rules]
    if not ruling:
        return [Taking("", EVERYBODY, 0, Wanted())]
    return [
        Taking(one.place, group, len(one.groups.get(group, [])), how)
        for one in ruling
        for group in dict.fromkeys(rule.group for rule in one.rules if matches(rule, pack))
        if (how := _how(pack, one, group)) is not None
    ]


def quoted(build: Build, ones: Iterable[Taking], read: Read) -> list[Quoted]:
    """Give what each group fetches; what several want alike is counted once.

    Args:
        build: the version.
        ones: the groups.
        read: gives the indexes of its bundles.
    """
    known: dict[tuple[str, ...], list[Fetch]] = {}
    found = []
    for one in ones:
        if one.how.renditions not in known:
            known[one.how.renditions] = fetches(build, one.how, read)
        found.append((one, known[one.how.renditions]))
    return found


def group_lines(ones: Sequence[Quoted]) -> Iterator[str]:
    """Say what each group fetches, and how long that takes."""
    if not ones:
        yield "no assignment names it: schools that nothing is assigned to fetch it, no others"
        yield "to assign it: packhorse pack assign"
        return
    for one, each in ones[:_MOST_GROUPS]:
        if not one.how.renditions:
            yield f"{_name(one)}: as above"
            continue
        kept = human_bytes(each[0].kept)
        yield f"{_name(one)}{_renditions(one.how)}, each school ({kept} on its disk):"
        yield from _table(each)
    if (more := len(ones) - _MOST_GROUPS) > 0:
        yield f"and {counted(more, 'more group')}"


def group_data(ones: Iterable[Quoted]) -> list[dict[str, Any]]:
    """Give the same as data."""
    return [
        {
            "place": one.place,
            "group": one.group,
            "schools": one.schools,
            "renditions": list(one.how.renditions),
            "each": [
                {
                    "base": fetch.base,
                    "bytes": fetch.content,
                    "line_bytes": fetch.line,
                    "seconds": {name: round(took, 1) for name, took in fetch.seconds().items()},
                    **disk_data(fetch),
                }
                for fetch in each
            ],
        }
        for one, each in ones
    ]


def _how(pack: PackId, assignment: Assignment, group: str) -> Wanted | None:
    rules = [
        msgspec.structs.replace(rule, group=EVERYBODY)
        for rule in assignment.rules
        if rule.group in {EVERYBODY, group}
    ]
    mine = Assignment(place=assignment.place, rules=rules)
    return (wanted([mine], "", assignment.place, [pack]) or {}).get(pack)


def _name(one: Taking) -> str:
    if one.group == EVERYBODY:
        return f"every school of {one.place}" if one.place else "every school"
    return f"group {one_line(one.group)} of {one.place} ({counted(one.schools, 'school')})"


def _renditions(how: Wanted) -> str:
    return f", {' '.join(how.renditions)} alone" if how.renditions else ""


def _table(ones: Sequence[Fetch]) -> Iterator[str]:
    rows = [["", "on the line", *USUAL_RATES]]
    for one in ones:
        label = f"that has version {one.base}" if one.base else "that is new"
        times = map(time_taken, one.seconds().values())
        rows.append([label, human_bytes(one.line), *times])
    yield from table(rows)
