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
from core.text import human_bytes
from packager.build import Build
from packager.costs import Fetch, Read, fetches
from packager.quote import disk_data
from packager.tables import table, time_taken
from packager.texts import texts_in

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


def group_lines(ones: Sequence[Quoted], language: str) -> Iterator[str]:
    """Say what each group fetches, and how long that takes."""
    texts = texts_in(language)
    _ = texts.gettext
    if not ones:
        yield _("no assignment names it: schools that nothing is assigned to fetch it, no others")
        yield _("to assign it: packhorse pack assign")
        return
    for one, each in ones[:_MOST_GROUPS]:
        if not one.how.renditions:
            yield _("{group}: as above").format(group=_name(one, language))
            continue
        yield _("{group}, {renditions} alone, each school ({size} on its disk):").format(
            group=_name(one, language),
            renditions=" ".join(one.how.renditions),
            size=human_bytes(each[0].kept),
        )
        yield from _table(each, language)
    if (more := len(ones) - _MOST_GROUPS) > 0:
        words = texts.ngettext("and {count} more group", "and {count} more groups", more)
        yield words.format(count=more)


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


def _name(one: Taking, language: str) -> str:
    texts = texts_in(language)
    if one.group == EVERYBODY:
        whole = texts.gettext("every school of {place}").format(place=one.place)
        return whole if one.place else texts.gettext("every school")
    words = texts.ngettext(
        "group {group} of {place} ({count} school)",
        "group {group} of {place} ({count} schools)",
        one.schools,
    )
    return words.format(group=one_line(one.group), place=one.place, count=one.schools)


def _table(ones: Sequence[Fetch], language: str) -> Iterator[str]:
    _ = texts_in(language).gettext
    rows = [["", _("on the line"), *USUAL_RATES]]
    for one in ones:
        has = _("that has version {base}").format(base=one.base)
        label = has if one.base else _("that is new")
        times = map(time_taken, one.seconds().values())
        rows.append([label, human_bytes(one.line), *times])
    yield from table(rows)
