"""Changing structures at random: what lies behind digests and compression, too.

A *tree* is what a target's input was taken apart into (``tests.fuzz.layers``): numbers, texts,
bytes, lists and dictionaries of them, and nodes, whose parts keep their places.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

Raw: TypeAlias = Callable[[bytes], bytes]
"""Changes bytes in whatever way."""


@dataclass(frozen=True, slots=True)
class Node:
    """A structure whose parts keep their places.

    Attributes:
        kind: what it is; never changed.
        parts: what is in it.
        was: the bytes that it was taken apart from; None once something in it has changed.
    """

    kind: str
    parts: list["Tree"]
    was: bytes | None = None


Tree: TypeAlias = "Node | list[Tree] | dict[str, Tree] | bytes | str | int | float | None"

_NUMBERS: Final = (
    *(0, 1, 2, 3, 7, 8, 12, 15, 16, 24, 25, 31, 32, 64, 127, 128, 129, 255, 256, 1000),
    *(1 << 16, 200_000, 1 << 20, 1 << 24, 1 << 25, 1 << 26, 1 << 27, 1 << 31, 1 << 32, 1 << 40),
    *((1 << 48) - 1, (1 << 49) - 1, (1 << 63) - 1),
)
_TEXTS: Final = (
    "",
    ".",
    "..",
    "/",
    "a/../b",
    "\\",
    "\0",
    "C:",
    "é",
    "课",
    "😀",
    "\u202e",
    "a" * 300,
)
_LONG: Final = 8 * 1024 * 1024
_MOST_WEIGHT: Final = 30_000_000
_OF_NUMBER: Final = 20
_BOMB: Final = 72 * 1024 * 1024
_OFTEN: Final = 0.4
_INSIDE: Final = 0.7
_MANY: Final = 50


def _weight(tree: Tree) -> int:
    """Give how much there is in a tree: bytes, and more for each number."""
    match tree:
        case Node(_, parts, _) | list(parts):
            return sum(map(_weight, parts)) + 1
        case dict():
            return sum(map(_weight, tree.values())) + 1
        case bytes() | str():
            return len(tree) + 1
        case _:
            return _OF_NUMBER


class Mutator:
    """Changes trees.

    Args:
        chance: decides.
        raw: changes bytes; its own way where there is none.
        bombs: whether few bytes shall become many millions.
    """

    def __init__(self, chance: Random, raw: Raw | None = None, *, bombs: bool = False) -> None:
        self.chance = chance
        self._raw = raw or self._at_random
        self._bombs = bombs

    def changed(self, tree: Tree) -> Tree:
        """Give the tree with something in it changed."""
        match tree:
            case Node(kind, parts, _):
                return Node(kind, self._one_of(parts))
            case list():
                keeps = tree and self.chance.random() < _INSIDE
                return self._one_of(tree) if keeps else self._list(tree)
            case dict():
                return self._dict(tree)
            case _:
                return self._leaf(tree)

    def _leaf(self, tree: Tree) -> Tree:
        match tree:
            case bytes():
                return self.other_bytes(tree)
            case str():
                return self._text(tree)
            case int() | float():
                return self._number(int(tree))
            case _:
                return self.chance.choice([None, 0, "", b""])

    def other_bytes(self, data: bytes) -> bytes:
        """Give bytes that are somehow like others."""
        if self._bombs and self.chance.random() < _OFTEN:
            return self._bomb(data)
        return self._raw(data)

    def _bomb(self, data: bytes) -> bytes:
        size = self.chance.choice([100_000, 1 << 20, _LONG, 17 << 20, 33 << 20, _BOMB])
        filler = self.chance.choice([b"\0", b"\0", b"\1", b"\xff", data[:8] or b"a", b"PK\3\4"])
        at = self.chance.randrange(len(data) + 1)
        return (data[:at] + filler * (size // len(filler)) + data[at:])[: _BOMB + len(data)]

    def _at_random(self, data: bytes) -> bytes:
        made = bytearray(data)
        for _ in range(self.chance.randint(1, 4)):
            at = self.chance.randrange(len(made) + 1)
            length = self.chance.choice([1, 1, 2, 4, 8, 40])
            match self.chance.randrange(6):
                case 0 if at < len(made):
                    made[at] ^= 1 << self.chance.randrange(8)
                case 1 if at < len(made):
                    made[at] = self.chance.choice([0, 1, 0x7F, 0x80, 0xFF])
                case 2:
                    del made[at : at + length]
                case 3:
                    made[at:at] = made[at : at + length]
                case 4:
                    made[at:at] = self.chance.randbytes(length)
                case _:
                    del made[at:]
        return bytes(made)

    def _one_of(self, parts: list[Tree]) -> list[Tree]:
        """Change one of several parts."""
        if not parts:
            return parts
        if len(parts) > _MANY:
            number = self.chance.randrange(len(parts))
            return [*parts[:number], self.changed(parts[number]), *parts[number + 1 :]]
        # Structures have more in them than numbers have.
        weights = [4 if isinstance(one, Node | list | dict) and one else 1 for one in parts]
        (number,) = self.chance.choices(range(len(parts)), weights)
        return [*parts[:number], self.changed(parts[number]), *parts[number + 1 :]]

    def _list(self, parts: list[Tree]) -> list[Tree]:
        """Take out, repeat, move or add parts."""
        made = list(parts)
        if not made:
            return [self.chance.choice([0, 1, b"", ""])]
        at, other = self.chance.randrange(len(made)), self.chance.randrange(len(made))
        match self.chance.randrange(6):
            case 0:
                del made[at]
            case 1:
                made[other:other] = [made[at]]
            case 2:
                made[at], made[other] = made[other], made[at]
            case 3:
                del made[at:]
            case 4 | 5 if self._bombs:
                most = _MOST_WEIGHT // _weight(made[at])
                made[at:at] = [made[at]] * self.chance.randrange(most + 1)
            case _:
                made[at:at] = [made[at]] * self.chance.randrange(1, 40)
        return made

    def _dict(self, tree: "dict[str, Tree]") -> "dict[str, Tree]":
        if not tree:
            return {self.chance.choice(_TEXTS): 0}
        key = self.chance.choice(list(tree))
        if self.chance.random() < 0.1:
            return {name: value for name, value in tree.items() if name != key}
        return {**tree, key: self.changed(tree[key])}

    def _text(self, text: str) -> str:
        at = self.chance.randrange(len(text) + 1)
        piece = self.chance.choice(_TEXTS)
        match self.chance.randrange(5):
            case 0:
                return piece
            case 1:
                return text[:at] + text[at + 1 :]
            case 2 if self._bombs:
                return text[:at] + (piece or "a/") * self.chance.choice([3, 300, 100_000])
            case _:
                return text[:at] + piece + text[at:]

    def _number(self, number: int) -> int:
        match self.chance.randrange(6):
            case 0:
                return number + 1
            case 1:
                return max(0, number - 1)
            case 2:
                return number * 2
            case 3:
                return number // 2
            case _:
                return max(0, self.chance.choice(_NUMBERS) + self.chance.choice([-1, 0, 0, 1]))
