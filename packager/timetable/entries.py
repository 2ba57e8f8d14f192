"""What a file says of lessons, before anybody has looked for them in packs."""

import re
from datetime import date
from typing import Final, NamedTuple

from packager.timetable.times import EVERY_WEEK, Weeks

_PART = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_ADDRESS = re.compile(rf"({_PART}/(?:{_PART}|-)/{_PART})/([a-z0-9][a-z0-9-]{{0,99}})/?\Z")
_BETWEEN_WORDS = re.compile(r"[\s,;，；、。<>()（）\"']+")
_IN_PORTAL: Final = "/packs/"
_MOST_TEXT: Final = 20_000


class Naming(NamedTuple):
    """How a file names a lesson.

    Attributes:
        pack: a pack's id or title; may be empty.
        lesson: an item's id, title or number; empty for the next one of the pack.
        address: a pack's and an item's id, where the file gives them so.
    """

    pack: str = ""
    lesson: str = ""
    address: tuple[str, str] | None = None

    def __str__(self) -> str:
        """Give it as the file has it."""
        if self.address:
            return "/".join(self.address)
        return ": ".join(part for part in (self.pack, self.lesson) if part)


class Entry(NamedTuple):
    """One lesson of one day, in the channel's own time.

    Attributes:
        day: its date.
        start: minutes since midnight.
        minutes: how long it is.
        naming: which lesson it is.
        where: row or event, for sentences.
        title: what the file calls it.
    """

    day: date
    start: int
    minutes: int
    naming: Naming
    where: str
    title: str = ""

    @property
    def end(self) -> int:
        """Minutes since midnight of ``day``; may lie beyond it."""
        return self.start + self.minutes


class Pattern(NamedTuple):
    """One row of a table: a lesson on a date, or of each week.

    Attributes:
        on: a date, or a weekday from 1 to 7.
        start: minutes since midnight.
        minutes: how long it is.
        naming: which lesson it is.
        where: row and column, for sentences.
        title: what the file calls it.
        weeks: in which weeks of the term.
    """

    on: date | int
    start: int
    minutes: int
    naming: Naming
    where: str
    title: str = ""
    weeks: Weeks = EVERY_WEEK


def find_address(*texts: str) -> tuple[str, str] | None:
    """Find the first address of an item in texts: ``gd/zhuhai/math-g5/fractions``.

    A page's address at a school has it too: ``http://school.local/packs/gd/zhuhai/math-g5/...``.
    """
    for text in texts:
        for word in _BETWEEN_WORDS.split(text[:_MOST_TEXT]):
            if "://" in word:
                if _IN_PORTAL not in word:
                    continue
                word = word.partition(_IN_PORTAL)[2]  # noqa: PLW2901 - what is left of it
            if found := _ADDRESS.match(word.rstrip(".。")):
                return found[1], found[2]
    return None


def name_lesson(pack: str, lesson: str, *texts: str) -> Naming:
    """Make a naming of what a file has: pack, lesson, and texts that may hold an address."""
    return Naming(pack.strip(), lesson.strip(), find_address(lesson, *texts))
