"""A school with channels: numbered lessons of unlike sources, and a clock that a test sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec

from cache import durable
from cache.clock import Clock
from cache.state import StateDirectory
from core.digest import digest_of
from core.kinds import media_type
from core.manifest import File, Item, Manifest
from core.names import PackId
from core.rendition import Rendition
from core.timetable import Channel, NodeTimetable, Slot
from tests.support.clock import ZONE
from tests.support.course import install
from tests.support.nodes import make_state
from tests.support.numbered import make_numbered
from tests.support.renditions import make_rendition

PACK = "gd/zhuhai/air"
CHANNEL = "g5"
NINE = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
"""Nine o'clock at the school."""


Made = tuple[bytes, Rendition]
"""A rendition's file and its description."""


@dataclass
class _Shift:
    seconds: float
    synchronised: bool = True
    boot: int = 1


@dataclass(frozen=True)
class MovedClock(Clock):
    """Runs as the machine's does, from another moment on."""

    shift: _Shift = field(default_factory=lambda: _Shift(0.0))

    def wall(self) -> datetime:
        return super().wall() + timedelta(seconds=self.shift.seconds)

    def boot_id(self) -> str:
        return f"00000000-0000-4000-8000-{self.shift.boot:012d}"

    def synchronised(self) -> bool:
        return self.shift.synchronised

    def hardware(self) -> datetime | None:
        return None

    def here(self, moment: datetime) -> datetime:
        return moment.astimezone(ZONE)

    def moment_of(self, local: datetime) -> datetime:
        return local.replace(tzinfo=ZONE).astimezone(UTC)


def clock_at(moment: datetime) -> MovedClock:
    """Make a clock that shows ``moment`` now."""
    clock = MovedClock()
    clock.shift.seconds = (moment - clock.wall()).total_seconds()
    return clock


@cache
def lesson(number: int, seconds: float, sound: bool, height: int) -> bytes:
    """Make a numbered source."""
    return make_numbered(seconds, video=number, sound=sound, size=(2 * height, height))


@cache
def rendition(
    number: int,
    seconds: float,
    sound: bool,
    height: int,
    name: str = "best",
) -> tuple[bytes, Rendition]:
    """Make a rendition of it."""
    source = lesson(number, seconds, sound, height)
    return make_rendition(source, name=name, path=f"{number:02}.{name}.mp4")


def make_school(
    root: Path,
    lessons: Mapping[str, Sequence[tuple[bytes, Rendition]]],
    missing: frozenset[str] = frozenset(),
) -> StateDirectory:
    """Make a node's state with a pack of lessons.

    Args:
        root: of the state directory.
        lessons: renditions by item, best first.
        missing: paths of files that are not here.
    """
    state = make_state(root)
    add_lessons(state, lessons, missing)
    return state


def add_lessons(
    state: StateDirectory,
    lessons: Mapping[str, Sequence[tuple[bytes, Rendition]]],
    missing: frozenset[str] = frozenset(),
    version: int = 1,
) -> None:
    """Activate a version of the pack."""
    files = {one.path: data for some in lessons.values() for data, one in some}
    manifest = Manifest(
        format=1,
        pack=PackId(PACK),
        version=version,
        title={"zh": "空中课堂", "en": "On the air"},
        items=[
            Item(
                id=name,
                title={"zh": f"第 {name} 课", "en": f"Lesson {name}"},
                kind="video",
                entry=some[0][1].path,
                paths=sorted(one.path for _, one in some),
                renditions=[one for _, one in some],
            )
            for name, some in lessons.items()
        ],
        files=[
            File(path, digest_of(data), len(data), media_type(path))
            for path, data in sorted(files.items())
        ],
    )
    install(state, manifest, {path: files[path] for path in files if path not in missing})


def slot(minutes: int, item: str, length: int = 1, *, repeat: bool = False) -> Slot:
    """Make a slot so many minutes after nine."""
    return Slot(
        start=round(NINE.timestamp()) // 60 + minutes,
        minutes=length,
        pack=PackId(PACK),
        item=item,
        repeat=repeat,
    )


def timetable(state: StateDirectory, *slots: Slot, channel: str = CHANNEL) -> None:
    """Publish the channel's timetable to the school."""
    made = Channel(
        id=channel, title={"zh": "五年级", "en": "Grade 5"}, slots=sorted(slots, key=_start)
    )
    data = msgspec.json.encode(NodeTimetable(channels=[made]))
    durable.write_file(state.timetable, data)


def _start(slot: Slot) -> int:
    return slot.start
