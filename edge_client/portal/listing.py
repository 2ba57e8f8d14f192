"""How packs are grouped and items follow each other. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from cache.catalogue_reader import CatalogueItem, CataloguePack
from core.manifest import best_title

HUES: Final = 6
_NUMERALS: Final = str.maketrans("一二三四五六七八九", "123456789")


@dataclass(frozen=True, slots=True)
class Card:
    """A pack on the home page.

    Attributes:
        glyph: one character that stands for it.
        hue: which of the ``HUES`` colours it has; packs of a subject share one.
    """

    pack: CataloguePack
    title: str
    glyph: str
    hue: int


@dataclass(frozen=True, slots=True)
class Group:
    """Packs of one grade; without a name, those that give none."""

    name: str
    cards: list[Card]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """An item, and those before and after it."""

    item: CatalogueItem
    previous: CatalogueItem | None
    next: CatalogueItem | None


def group_packs(packs: Sequence[CataloguePack], language: str) -> list[Group]:
    """Group packs by grade, and order them by subject; those without a grade come last."""
    groups: dict[str, list[Card]] = {}
    for pack in packs:
        title = best_title(dict(pack.title), language, pack.id)
        groups.setdefault(pack.grade, []).append(card(pack, title))
    return [
        Group(grade, sorted(groups[grade], key=_card_order))
        for grade in sorted(groups, key=lambda grade: (not grade, _natural(grade)))
    ]


def _card_order(one: Card) -> tuple[object, ...]:
    return not one.pack.subject, one.pack.subject, _natural(one.title), one.pack.id


def card(pack: CataloguePack, title: str) -> Card:
    """Make a pack's card."""
    word = (pack.subject or title).strip()
    return Card(pack, title, word[:1].upper() or "·", crc32(word.encode()) % HUES)


def neighbours(items: Sequence[CatalogueItem], item: str) -> Neighbours | None:
    """Find an item and its neighbours, or None."""
    for at, one in enumerate(items):
        if one.id == item:
            return Neighbours(
                one,
                items[at - 1] if at else None,
                items[at + 1] if at + 1 < len(items) else None,
            )
    return None


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Give a key that sorts 2 before 10, and 二年级 before 三年级."""
    parts = re.findall(r"\d{1,18}|\D+", text.translate(_NUMERALS))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]
