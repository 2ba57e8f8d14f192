"""A clock that stands still until a test moves it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from cache.clock import Clock

ZONE = timezone(timedelta(hours=8))
START = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


@dataclass
class _Hands:
    wall: datetime
    monotonic: float
    boot: int
    synchronised: bool
    hardware: datetime | None = None


@dataclass(frozen=True)
class FixedClock(Clock):
    """Stands at Tuesday 24 November 2026, 8:30 UTC, an hour after boot."""

    hands: _Hands = field(default_factory=lambda: _Hands(START, 3600.0, 1, True))

    def wall(self) -> datetime:
        """Give the moment it stands at."""
        return self.hands.wall

    def monotonic(self) -> float:
        """Give seconds since the made-up boot."""
        return self.hands.monotonic

    def boot_id(self) -> str:
        """Name the made-up boot."""
        return f"00000000-0000-4000-8000-{self.hands.boot:012d}"

    def synchronised(self) -> bool:
        """Say what the test said."""
        return self.hands.synchronised

    def hardware(self) -> datetime | None:
        """Give what the test said; no machine has one by itself."""
        return self.hands.hardware

    def here(self, moment: datetime) -> datetime:
        """Put a moment into China's time zone, whatever the machine's is."""
        return moment.astimezone(ZONE)

    def moment_of(self, local: datetime) -> datetime:
        """Give the moment at which clocks there show ``local``."""
        return local.replace(tzinfo=ZONE).astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.hands.wall += timedelta(seconds=seconds)
        self.hands.monotonic += seconds

    def set_wall(self, wall: datetime, *, synchronised: bool | None = None) -> None:
        """Set the wall clock alone, as a person or NTP does."""
        self.hands.wall = wall
        if synchronised is not None:
            self.hands.synchronised = synchronised

    def reboot(self) -> None:
        """Begin another boot."""
        self.hands.boot += 1
        self.hands.monotonic = 0.0
