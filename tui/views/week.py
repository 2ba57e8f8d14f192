"""The week of the line's hours as it is edited: a cursor, a mark, and shares. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.line.settings import DAYS, FULL, HOURS, USUAL_WEEK

STEPS: Final = (0, 20, 50, FULL)
"""Shares that one key goes through; others are typed in the command line or by + and -."""
_FINE: Final = 10


@dataclass(frozen=True, slots=True)
class WeekDraft:
    """A week that is being edited.

    Attributes:
        week: percent by the hour of the week, from Monday at midnight on.
        kept: what is in force.
        day: of the cursor, 0 for Monday.
        hour: of the cursor.
        mark: where the marked block begins, day and hour; None for the cursor's hour alone.
    """

    week: tuple[int, ...] = USUAL_WEEK
    kept: tuple[int, ...] = USUAL_WEEK
    day: int = 0
    hour: int = 7
    mark: tuple[int, int] | None = None

    @property
    def is_changed(self) -> bool:
        """Whether it is another week than the one in force."""
        return self.week != self.kept

    @property
    def share(self) -> int:
        """The share under the cursor, in percent."""
        return self.week[self.day * HOURS + self.hour]

    def has(self, day: int, hour: int) -> bool:
        """Say whether an hour is in the marked block."""
        first_day, first_hour = self.mark or (self.day, self.hour)
        return min(first_day, self.day) <= day <= max(first_day, self.day) and min(
            first_hour, self.hour
        ) <= hour <= max(first_hour, self.hour)

    def moved(self, days: int, hours: int) -> "WeekDraft":
        """Move the cursor; it stays in the week."""
        return replace(
            self,
            day=max(0, min(DAYS - 1, self.day + days)),
            hour=max(0, min(HOURS - 1, self.hour + hours)),
        )

    def marked(self) -> "WeekDraft":
        """Begin a block at the cursor, or forget the one that was begun."""
        return replace(self, mark=None if self.mark else (self.day, self.hour))

    def stepped(self) -> "WeekDraft":
        """Give the block the next of the usual shares, from what is under the cursor on."""
        following = next((step for step in STEPS if step > self.share), STEPS[0])
        return self._with(lambda _: following)

    def tuned(self, direction: int) -> "WeekDraft":
        """Give each hour of the block a little more or less."""
        return self._with(lambda share: max(0, min(FULL, share + direction * _FINE)))

    def undone(self) -> "WeekDraft":
        """Go back to what is in force."""
        return replace(self, week=self.kept, mark=None)

    def following(self, kept: tuple[int, ...]) -> "WeekDraft":
        """Take what is in force now; what was changed here and not saved stays."""
        if kept == self.kept:
            return self
        return replace(self, kept=kept, week=self.week if self.is_changed else kept)

    def _with(self, share: Callable[[int], int]) -> "WeekDraft":
        changed = [
            share(old) if self.has(*divmod(place, HOURS)) else old
            for place, old in enumerate(self.week)
        ]
        return replace(self, week=tuple(changed))


@dataclass(frozen=True, slots=True)
class WeekSheet:
    """The grid of hours as it is drawn.

    Attributes:
        draft: shares, cursor and mark.
        days: what the days are called.
        said: what stands below it.
    """

    draft: WeekDraft
    days: tuple[str, ...]
    said: str
