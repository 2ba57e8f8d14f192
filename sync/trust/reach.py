"""Which publishers a node has to read: those whose word may count here. Pure.

In a repository of a hundred counties, another county's news must not cost a school its bytes.
A role file is read when its publisher may assign to this node's place, may publish a pack that
an assignment in force names, or may publish one that is here or wished for, since it may be
withdrawn. A node without a place, or that nothing assigns to, reads all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile

from core.assigning import chooses, rules_for
from core.assignment import NAME, Assignment

_WILD = frozenset("*?[")


@dataclass(frozen=True)
class Reach:
    """What decides which publishers count.

    Attributes:
        school: the node's school.
        place: the node's place, such as ``gd/zhuhai``; empty when it has none.
        packs: ids of packs that are here or wished for.
    """

    school: str
    place: str
    packs: frozenset[str]

    def is_everywhere(self) -> bool:
        """Whether every publisher may assign to this node."""
        return not self.place

    def assigns(self, pattern: str) -> bool:
        """Whether the publisher of a pattern may assign to this node's place."""
        first, _, second = self.place.partition("/")
        ones = {f"{first}/-/{NAME}", f"{first}/{second or '-'}/{NAME}"}
        return any(fnmatchcase(one, pattern) for one in ones)

    def publishes(self, pattern: str, assignments: Iterable[Assignment]) -> bool:
        """Whether the publisher of a pattern may publish what this node takes or has.

        Args:
            pattern: the publisher's, such as ``gd/zhuhai/*``.
            assignments: those that were read.
        """
        obeyed = [one for one in assignments if chooses(one, self.school, self.place)]
        rules = [rule.pack for one in obeyed for rule in rules_for(one, self.school)]
        return (
            not obeyed
            or any(fnmatchcase(one, pattern) for one in self.packs)
            or any(_may_meet(rule, pattern) for rule in rules)
        )


def _may_meet(rule: str, pattern: str) -> bool:
    """Say whether some id may match both; in doubt it may."""
    one, other = _literal(rule), _literal(pattern)
    return one.startswith(other) or (rule != one and other.startswith(one))


def _literal(pattern: str) -> str:
    return "".join(takewhile(lambda letter: letter not in _WILD, pattern))
