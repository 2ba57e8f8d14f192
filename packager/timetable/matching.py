"""Which item a file means: by address, by id, by title, by number, or simply the next one."""

import re
from difflib import get_close_matches
from typing import Final, NamedTuple

from core.manifest import Item
from packager.timetable.entries import Naming
from packager.timetable.known import MOST_PACKS, Pack, Packs, item_title
from packager.timetable.times import plain

_NUMBER = re.compile(r"(?:第|lesson|no\.?|unit)?\s*(\d{1,4})\s*(?:课时|课|讲|节|集)?")
_MARKS = re.compile(r"[\s_\-·,.:;!?，。：；！？、《》「」“”\"'()（）]+")
_MOST_NAMED: Final = 5
_NEAR: Final = 3


class Match(NamedTuple):
    """What a naming means.

    Attributes:
        pack: the pack.
        item: the item; None for the pack's next one.
    """

    pack: Pack
    item: Item | None


class UnmatchedError(Exception):
    """A naming means nothing that is known, or several things; the text says so."""


class Matcher:
    """Finds items.

    Args:
        packs: where they are looked for.
        pack: id or title of the pack that is meant where a lesson names none; may be empty.
    """

    def __init__(self, packs: Packs, pack: str = "") -> None:
        self._packs = packs
        self._pack = pack
        self._known: dict[Naming, Match | str] = {}
        self._by_title: dict[str, list[tuple[Pack, Item]]] | None = None

    def find(self, naming: Naming) -> Match:
        """Find what a naming means.

        Raises:
            UnmatchedError: nothing, or several things.
        """
        if naming not in self._known:
            try:
                self._known[naming] = self._find(naming)
            except UnmatchedError as error:
                self._known[naming] = str(error)
        found = self._known[naming]
        if isinstance(found, str):
            raise UnmatchedError(found)
        return found

    def _find(self, naming: Naming) -> Match:
        if naming.address:
            pack = self._pack_named(naming.address[0])
            item = pack.item(naming.address[1])
            if item is None:
                raise _no_item(pack, naming.address[1])
            return Match(pack, item)
        name = naming.pack or self._pack
        if name:
            return self._in_pack(self._pack_named(name), naming.lesson)
        return self._anywhere(naming.lesson)

    def _pack_named(self, text: str) -> Pack:
        names = self._packs.named(text)
        if len(names) > 1:
            raise UnmatchedError(f"{text!r} may be one of {_listed(names)}: write the pack's id.")
        pack = self._packs.get(names[0]) if names else None
        if pack is None:
            near = self._packs.near(text)
            raise UnmatchedError(f"There is no pack {text!r}{_perhaps(near)}.")
        return pack

    def _in_pack(self, pack: Pack, lesson: str) -> Match:
        if not lesson:
            return Match(pack, None)
        if item := pack.item(lesson):
            return Match(pack, item)
        wanted = squeezed(lesson)
        titled = [one for one in pack.items if wanted in _titles(one)]
        if len(titled) > 1:
            raise UnmatchedError(
                f"{pack.id} has several lessons called {lesson!r}:"
                f" {_listed([one.id for one in titled])}. Write the item's id."
            )
        if titled:
            return Match(pack, titled[0])
        number = _NUMBER.fullmatch(plain(lesson))
        if number and 1 <= int(number[1]) <= len(pack.course):
            return Match(pack, pack.course[int(number[1]) - 1])
        raise _no_item(pack, lesson)

    def _anywhere(self, lesson: str) -> Match:
        if not lesson:
            raise UnmatchedError("It names no lesson.")
        names = self._packs.named(lesson)
        if len(names) == 1 and (pack := self._packs.get(names[0])):
            return Match(pack, None)
        found = self._titles().get(squeezed(lesson), [])
        if len(found) > 1:
            listed = _listed([f"{pack.id}/{item.id}" for pack, item in found])
            raise UnmatchedError(f"{lesson!r} may be one of {listed}: write its address.")
        if found:
            return Match(*found[0])
        before, mark, after = plain(lesson).partition(":")
        if mark and self._packs.named(before):
            return self._in_pack(self._pack_named(before), after.strip())
        near = get_close_matches(squeezed(lesson), self._titles(), n=_NEAR, cutoff=0.5)
        likely = [f"{pack.id}/{item.id}" for one in near for pack, item in self._titles()[one][:1]]
        raise UnmatchedError(f"No known pack has a lesson {lesson!r}{_perhaps(likely)}.")

    def _titles(self) -> dict[str, list[tuple[Pack, Item]]]:
        if self._by_title is None:
            self._by_title = {}
            for name in self._packs.names[:MOST_PACKS]:
                pack = self._packs.get(name)
                for item in pack.items if pack else []:
                    for title in _titles(item):
                        self._by_title.setdefault(title, []).append((pack, item))  # type: ignore[arg-type] # a pack that has items
        return self._by_title


def squeezed(text: str) -> str:
    """Give a title without what people write now so, now so: spaces, marks, case."""
    return _MARKS.sub("", plain(text)) or plain(text)


def _titles(item: Item) -> set[str]:
    return {squeezed(title) for title in item.title.values() if title}


def _no_item(pack: Pack, lesson: str) -> UnmatchedError:
    words = {one.id: one.id for one in pack.items}
    words |= {squeezed(title): one.id for one in pack.items for title in one.title.values()}
    near = get_close_matches(squeezed(lesson), words, n=_NEAR, cutoff=0.5)
    names = list(dict.fromkeys(words[one] for one in near))
    titles = {one.id: item_title(one) for one in pack.items}
    likely = [f"{name} ({titles[name]})" for name in names]
    return UnmatchedError(f"{pack.id} has no lesson {lesson!r}{_perhaps(likely)}.")


def _perhaps(names: list[str]) -> str:
    return f"; perhaps {_listed(names)}" if names else ""


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
