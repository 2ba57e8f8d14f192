"""Situations for the planner, in few words: moments are hours after a Thursday at noon."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from core.line.estimate import Estimate
from core.line.settings import FULL, LineSettings
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from core.plan.situation import Occurrence, Situation

ZONE = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 26, 12, tzinfo=ZONE).timestamp()
ALWAYS = LineSettings(week=(FULL,) * 168)
HOUR = 3600.0
PACK = "cn/-/math"


def here(moment: datetime) -> datetime:
    """Put a moment into China's time zone."""
    return moment.astimezone(ZONE)


def at(hours: float) -> float:
    """Give a moment, seconds since 1970."""
    return NOON + hours * HOUR


def clock(moment: float) -> str:
    """Say what the school's clock shows."""
    return here(datetime.fromtimestamp(moment, UTC)).strftime("%a %H:%M")


def lesson(item: str, hours: float, pack: str = PACK, **more: object) -> Occurrence:
    """Make a lesson that begins so many hours after noon."""
    start = round(at(hours) / 60)
    made = Occurrence(channel="g5", start=start, minutes=40, pack=pack, item=item)
    for name, value in more.items():
        object.__setattr__(made, name, value)
    return made


def video(
    item: str, full: int, low: int = 0, sound: int = 0, *, is_served: bool = False
) -> OutstandingItem:
    """Make an item of which nothing is here; sizes of its renditions in bytes, as they travel."""
    steps = []
    if sound:
        steps.append(Step("audio", sound, sound, sound_alone=True))
    if low:
        steps.append(Step("240p", low, low))
    steps.append(Step("720p", full, full))
    return OutstandingItem(item, steps, is_served)


def pack(items: Sequence[OutstandingItem], name: str = PACK, **more: object) -> OutstandingPack:
    """Make a pack whose items are known."""
    return OutstandingPack(pack=name, version=1, is_listed=True, items=list(items), **more)  # type: ignore[arg-type]


def steady(rate: float, up: float = 1.0) -> Estimate:
    """Make a line that always carries so many bytes a second."""
    return Estimate(samples=(rate,) * 20, up=up)


def situation(
    packs: Sequence[OutstandingPack] = (),
    lessons: Sequence[Occurrence] = (),
    *,
    rate: float = 32_000.0,
    settings: LineSettings = ALWAYS,
    **more: object,
) -> Situation:
    """Make a situation on that Thursday at noon."""
    values: dict[str, object] = {"now": NOON, "is_time_known": True, "estimate": steady(rate)}
    return Situation(
        here=here,
        outstanding=more.pop("outstanding", None) or Outstanding(packs=list(packs)),  # type: ignore[arg-type]
        lessons=sorted(lessons, key=lambda one: one.start),
        settings=settings,
        **{**values, **more},  # type: ignore[arg-type]
    )
