"""What a version costs each group of schools, before anything is sent.

Bytes are those of the index and of the blocks that a node of the group will ask for, in the
renditions that its assignment wants; on the line come the headers of every segment and request
(``core.line.wire``). A school that was away for longer takes what new schools take.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.assigning import Wanted, matches, wanted
from core.assignment import EVERYBODY, Assignment
from core.bundle.needs import blocks_needed, cost
from core.digest import Digest, digest_of
from core.display import one_line
from core.line.wire import Wire, wire_bytes
from core.manifest import Manifest, encode_manifest
from core.names import PackId
from core.rates import USUAL_RATES
from core.text import counted, human_bytes, human_duration
from core.wanted import Portion, wanted_digests
from packager.build import Build
from packager.resolving import index_of
from packager.workspace import Workspace

# Release and role file come beside the bundle.
_LISTS: Final = 2_000
_WIRE: Final = Wire(tls=True)
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


@dataclass(frozen=True)
class Fetch:
    """What one school of a group fetches.

    Attributes:
        base: the version that it has; 0 for none.
        content: bytes of index and blocks.
        line: bytes on the line.
    """

    base: int
    content: int
    line: int

    def seconds(self) -> dict[str, float]:
        """Give how long that takes at the usual rates."""
        return {name: self.line / rate for name, rate in USUAL_RATES.items()}


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


def fetches(build: Build, how: Wanted, workspace: Workspace) -> list[Fetch]:
    """Give what a school fetches: a new one, then one that has the version before, and so on."""
    bundles = [(one, index_of(build, one, workspace)) for one in build.bundles]
    portion = Portion(how.renditions)
    goal = _with_manifest(build.manifest, portion)
    found = []
    for base in [one.base for one in build.bundles]:
        held = _with_manifest(base, portion) if base else set()
        costs = [
            one.link.index_length + cost(index, blocks_needed(index, goal, held, {}).blocks)
            for one, index in bundles
            if one.base is None or one.base is base
        ]
        content = min(costs)
        line = wire_bytes(content, _WIRE) + wire_bytes(_LISTS, _WIRE) + _WIRE.connection
        found.append(Fetch(base.version if base else 0, content, line))
    return found


def quoted(build: Build, ones: Iterable[Taking], workspace: Workspace) -> list[Quoted]:
    """Give what each group fetches; what several want alike is counted once."""
    known: dict[tuple[str, ...], list[Fetch]] = {}
    found = []
    for one in ones:
        if one.how.renditions not in known:
            known[one.how.renditions] = fetches(build, one.how, workspace)
        found.append((one, known[one.how.renditions]))
    return found


def group_lines(ones: Sequence[Quoted]) -> Iterator[str]:
    """Say what each group fetches, and how long that takes."""
    if not ones:
        yield "no assignment names it: schools that nothing is assigned to fetch it, no others"
        yield "to assign it: packhorse pack assign"
        return
    for one, each in ones[:_MOST_GROUPS]:
        yield f"{_name(one)}{_renditions(one.how)}, each school:"
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


def _with_manifest(manifest: Manifest, portion: Portion) -> set[Digest]:
    return {*wanted_digests(manifest, [], portion), digest_of(encode_manifest(manifest))}


def _name(one: Taking) -> str:
    if one.group == EVERYBODY:
        return f"every school of {one.place}" if one.place else "every school"
    return f"group {one_line(one.group)} of {one.place} ({counted(one.schools, 'school')})"


def _renditions(how: Wanted) -> str:
    return f", {' '.join(how.renditions)} alone" if how.renditions else ""


def _table(ones: Sequence[Fetch]) -> Iterator[str]:
    rows = [["", "bytes", *USUAL_RATES]]
    for one in ones:
        label = f"that has version {one.base}" if one.base else "that is new"
        times = [human_duration(took) for took in one.seconds().values()]
        rows.append([label, human_bytes(one.line), *times])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]
        yield "  " + "  ".join(cells).rstrip()
