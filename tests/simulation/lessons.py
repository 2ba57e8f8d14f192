"""The timetable of a simulated school, as its teachers have changed it."""

from collections.abc import Iterable
from typing import cast

from core.plan.situation import Absence, Occurrence, Wished
from tests.simulation.scenario import Event, Slot


class Lessons:
    """What is taught when, and what teachers wish.

    Teachers' changes are known at the school at once; slots come with the poll.
    """

    def __init__(self) -> None:
        self._slots: dict[Slot, Slot | None] = {}
        self._changes: list[Event] = []
        self.wishes: list[Wished] = []

    def learn(self, slots: Iterable[Slot]) -> None:
        """Learn what is published."""
        for slot in slots:
            self._slots.setdefault(slot, slot)
        for event in self._changes:
            self._apply(event)

    def change(self, event: Event) -> None:
        """Let a teacher change a lesson or wish for one."""
        if event.kind == "wish":
            pack, item, by = cast("tuple[str, str, float | None]", event.what)
            self.wishes.append(Wished(pack, item, by))
        else:
            self._changes.append(event)
            self._apply(event)

    def _apply(self, event: Event) -> None:
        slot = cast("Slot", event.what[0])
        if slot in self._slots:
            moved = None
            if event.kind == "shift":
                moved = slot._replace(start=slot.start + cast("int", event.what[1]))
            self._slots[slot] = moved

    def effective(self) -> list[Slot]:
        """Give the lessons as they take place, in order."""
        return sorted(
            (slot for slot in self._slots.values() if slot is not None),
            key=lambda one: (one.start, one.channel),
        )


def occurrence(slot: Slot, *, is_here: bool, absence: Absence) -> Occurrence:
    """Give a lesson as the planner sees it."""
    return Occurrence(
        channel=slot.channel,
        start=slot.start,
        minutes=slot.minutes,
        pack=slot.pack,
        item=slot.item,
        is_here=is_here,
        absence="" if is_here else absence,
    )
