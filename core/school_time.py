"""School time: what timetables and statements use, on machines whose clock nobody has set.

It is sure when the machine's clock is (a time source or a hardware clock vouches for it), else
when a person confirmed it since boot; then it runs on with the monotonic clock. Otherwise there
is at best a guess, and whoever needs the time asks a person. The guess runs on with the monotonic
clock, too, through any number of boots: only the time without power is missing from it.

It never goes back without a new confirmation: a sure clock that is a little behind makes it
stand still until the clock has caught up, one that is far behind makes it unsure.

Moments are aware and in UTC; zones are for whoever shows them. Durations are seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from core.errors import UsageError
from core.trusted_time import PLAUSIBLE_AHEAD

Source = Literal["clock", "person", "guess", "none"]

# A hardware clock this near the system's has set it, or was set by it.
_AGREEMENT: Final = timedelta(minutes=5)
# A sure clock this far behind is waited for.
_STANDSTILL: Final = timedelta(minutes=10)
# A person may confirm this much else than a sure clock shows.
_TOLERANCE: Final = timedelta(minutes=2)
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=2e11)]
_Boot = Annotated[str, msgspec.Meta(max_length=64)]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the disk keeps of school time. Moments are seconds since 1970.

    Attributes:
        reached: the latest school time that was sure.
        boot: the boot in which a person confirmed the time; empty for none.
        monotonic: the monotonic clock then.
        confirmed: what they confirmed.
        guess: a school time that has surely passed if ``reached`` ever was right: it runs on
            where nobody is sure any more; 0 for none.
        guess_boot: the boot in which that was kept; empty where it is not known.
        guess_monotonic: the monotonic clock then.
    """

    reached: _Seconds = 0.0
    boot: _Boot = ""
    monotonic: _Seconds = 0.0
    confirmed: _Seconds = 0.0
    guess: _Seconds = 0.0
    guess_boot: _Boot = ""
    guess_monotonic: _Seconds = 0.0


class Confirmation(NamedTuple):
    """A time that a person confirmed, as it is kept beside the memory.

    Attributes:
        boot: the boot in which they did.
        monotonic: the monotonic clock then.
        confirmed: what they confirmed, seconds since 1970.
    """

    boot: str
    monotonic: _Seconds
    confirmed: _Seconds


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the machine's clocks say at one moment.

    Attributes:
        wall: the system clock.
        synchronised: whether a time source has set it since boot.
        hardware: the hardware clock; None when there is none.
        monotonic: seconds since boot.
        boot: names the boot.
        floor: a moment that has certainly passed (trusted time).
    """

    wall: datetime
    synchronised: bool
    hardware: datetime | None
    monotonic: float
    boot: str
    floor: datetime

    @property
    def is_sure(self) -> bool:
        """Whether the system clock can be believed."""
        vouched = self.hardware is not None and abs(self.hardware - self.wall) <= _AGREEMENT
        return (self.synchronised or vouched) and self.is_plausible(self.wall)

    def is_plausible(self, moment: datetime) -> bool:
        """Whether it can be that moment now."""
        return self.floor <= moment <= self.floor + PLAUSIBLE_AHEAD


@dataclass(frozen=True, slots=True)
class SchoolTime:
    """School time at one moment; ``moment`` is None when there is not even a guess."""

    moment: datetime | None
    source: Source

    @property
    def is_known(self) -> bool:
        """Whether it is sure."""
        return self.source in {"clock", "person"}

    def date(self, here: Callable[[datetime], datetime]) -> date | None:
        """Give the school's date by its time zone; None when nobody is sure of it."""
        return here(self.moment).date() if self.is_known and self.moment is not None else None


def school_time(memory: Memory, clocks: Clocks) -> SchoolTime:
    """Give school time."""
    reached = _moment(memory.reached)
    sure = _sure(memory, clocks)
    if sure is not None and sure[0] >= reached - _STANDSTILL:
        return SchoolTime(max(sure[0], reached), sure[1])
    guesses = [reached] if memory.reached else []
    if memory.guess:
        guesses.append(_moment(_run_on(memory, clocks)))
    if clocks.is_plausible(clocks.wall):
        guesses.append(clocks.wall)
    return SchoolTime(max(guesses), "guess") if guesses else SchoolTime(None, "none")


def reach(memory: Memory, now: SchoolTime, clocks: Clocks) -> Memory:
    """Give what is to be kept now, so that time does not go back after a power cut.

    Args:
        memory: what was kept so far.
        now: school time now.
        clocks: the machine's clocks now.
    """
    if now.is_known and now.moment is not None:
        latest = max(memory.reached, now.moment.timestamp())
        return _guessing(msgspec.structs.replace(memory, reached=latest), latest, clocks)
    start = memory.guess or memory.reached
    return _guessing(memory, _run_on(memory, clocks), clocks) if start else memory


def adopted(memory: Memory, said: Confirmation, boot: str) -> Memory:
    """Take in a confirmation that was kept elsewhere: of those of this boot, the later one counts.

    Args:
        memory: what was kept so far.
        said: the confirmation.
        boot: names this boot.
    """
    if not boot or said.boot != boot:
        return memory
    if memory.boot == boot and memory.monotonic >= said.monotonic:
        return memory
    return _confirmed(said)


def confirm(memory: Memory, clocks: Clocks, said: datetime) -> Memory:
    """Take a time from a person; give what is to be kept.

    Args:
        memory: what was kept so far.
        clocks: the machine's clocks now.
        said: the moment that they say it is, true to a minute.

    Raises:
        UsageError: it cannot be that time.
    """
    if not clocks.floor - _TOLERANCE <= said <= clocks.floor + PLAUSIBLE_AHEAD:
        raise UsageError(
            "It cannot be {said}: this node has seen {floor} already.",
            hint="Type today's date and the time that the school's clock shows.",
            said=_minute(said),
            # In the zone of what was said, or the two could not be compared.
            floor=_minute(clocks.floor.astimezone(said.tzinfo)),
        )
    if clocks.is_sure and abs(clocks.wall - said) > _TOLERANCE:
        raise UsageError(
            "The machine's clock is set by itself, and shows another time.",
            hint="If it is wrong by whole hours, set the time zone: key `zone` of node.toml.",
        )
    now = school_time(memory, clocks)
    if now.moment is not None and abs(now.moment - said) < _TOLERANCE / 2:
        # They read it off our screen: seconds are better known here.
        said = now.moment
    return _confirmed(Confirmation(clocks.boot, clocks.monotonic, said.timestamp()))


def _confirmed(said: Confirmation) -> Memory:
    """Give what is kept of a confirmation; what was guessed before is forgotten."""
    return Memory(
        reached=said.confirmed,
        boot=said.boot,
        monotonic=said.monotonic,
        confirmed=said.confirmed,
        guess=said.confirmed,
        guess_boot=said.boot,
        guess_monotonic=said.monotonic,
    )


def _guessing(memory: Memory, guess: float, clocks: Clocks) -> Memory:
    return msgspec.structs.replace(
        memory, guess=guess, guess_boot=clocks.boot, guess_monotonic=clocks.monotonic
    )


def _run_on(memory: Memory, clocks: Clocks) -> float:
    """Give the guess as it has run on since it was kept, seconds since 1970: never too far."""
    if not memory.guess:
        # As an older Packhorse kept it: nobody knows since when.
        return memory.reached
    is_later = memory.guess_boot and clocks.boot and memory.guess_boot != clocks.boot
    since = 0.0 if is_later else memory.guess_monotonic
    return memory.guess + max(0.0, clocks.monotonic - since)


def _sure(memory: Memory, clocks: Clocks) -> tuple[datetime, Source] | None:
    """Give what is to be believed: the machine's clock if it can be, else what a person said."""
    if clocks.is_sure:
        return clocks.wall, "clock"
    if memory.boot and memory.boot == clocks.boot and clocks.monotonic >= memory.monotonic:
        passed = clocks.monotonic - memory.monotonic
        return _moment(memory.confirmed + passed), "person"
    return None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
