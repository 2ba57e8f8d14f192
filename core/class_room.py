"""Who is in a class: screens by number, which of them leads and which plays the sound. Pure.

Rules:
    - A screen keeps its number for as long as its page is open, by the page's key.
    - The lead is one teacher's page. It stays so while it is away for a moment. Another page of
      the same teacher leads when that one is not there; everyone else takes over by an order.
    - One screen plays the sound: the one that was chosen while it is there, else the first big
      screen.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from core.class_messages import Role
from core.errors import UsageError

MOST_SCREENS: Final = 250
_MOST_NUMBERS: Final = 2000
_TROUBLES: Final = ("blocked", "failed")
_Key = Annotated[str, msgspec.Meta(max_length=32)]


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about a class's screens, by their pages' keys; it is saved.

    Attributes:
        lead: the page that leads; empty for none yet.
        teacher: its teacher.
        sound: the page that plays the sound; empty for the first big screen.
    """

    lead: _Key = ""
    teacher: Annotated[str, msgspec.Meta(max_length=200)] = ""
    sound: _Key = ""


@dataclass(slots=True)
class Member:
    """One screen.

    Attributes:
        key: of its page.
        teacher: who signed in there; for the role ``lead`` alone.
        state: as it said last.
    """

    number: int
    key: str
    role: Role
    teacher: str = ""
    state: str = "loading"


class Room:
    """The screens that are connected.

    Args:
        chosen: what was decided before.
    """

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen
        self._members: dict[int, Member] = {}
        self._numbers: dict[str, int] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._members)

    def join(self, key: str, role: Role, teacher: str = "") -> Member:
        """Let a screen in; one with the same key is replaced.

        Args:
            key: of its page.
            role: what it is for.
            teacher: who signed in there.
        """
        number = self._numbers.pop(key, 0)
        if not number:
            self._last += 1
            number = self._last
        self._numbers[key] = number
        if len(self._numbers) > _MOST_NUMBERS:
            self._numbers.pop(next(iter(self._numbers)))
        member = self._members[number] = Member(number, key, role, teacher)
        if role == "lead" and self._leads_now(member):
            self._set_lead(member)
        return member

    def leave(self, member: Member) -> None:
        """Let a screen go; one that was replaced has gone already."""
        if self._members.get(member.number) is member:
            del self._members[member.number]

    def count(self, role: Role) -> int:
        """Say how many screens of a kind are connected."""
        return sum(one.role == role for one in self._members.values())

    def numbers(self, role: Role) -> list[int]:
        """Give the numbers of the connected screens of a kind, rising."""
        return sorted(one.number for one in self._members.values() if one.role == role)

    @property
    def troubled(self) -> int:
        """How many screens cannot play."""
        return sum(one.state in _TROUBLES for one in self._members.values())

    @property
    def lead(self) -> Member | None:
        """The page that leads, when it is connected."""
        found = self._by_key(self.chosen.lead)
        # The same page may have become a big screen since.
        return found if found and found.role == "lead" else None

    @property
    def sound(self) -> int:
        """Number of the screen that plays the sound; 0 for none."""
        chosen = self._by_key(self.chosen.sound)
        if chosen is not None and chosen.role != "pupil":
            return chosen.number
        return min(
            (one.number for one in self._members.values() if one.role == "screen"), default=0
        )

    def take_over(self, member: Member) -> None:
        """Let a teacher's page lead.

        Raises:
            UsageError: it leads already.
        """
        if self.lead is member:
            raise UsageError("You lead this class already.")
        self._set_lead(member)

    def choose_sound(self, number: int) -> None:
        """Let a screen play the sound; 0 lets the first big screen.

        Raises:
            UsageError: it is not there.
        """
        member = self._members.get(number)
        if number and (member is None or member.role == "pupil"):
            raise UsageError("This screen is not connected any more.")
        self.chosen = msgspec.structs.replace(self.chosen, sound=member.key if member else "")

    def _leads_now(self, member: Member) -> bool:
        if member.key == self.chosen.lead:
            return True
        return self.lead is None and member.teacher == (self.chosen.teacher or member.teacher)

    def _set_lead(self, member: Member) -> None:
        self.chosen = msgspec.structs.replace(self.chosen, lead=member.key, teacher=member.teacher)

    def _by_key(self, key: str) -> Member | None:
        # Not by its number: that may be forgotten while it is connected.
        return next((one for one in reversed(self._members.values()) if one.key == key), None)
