"""Evenings that every screen must show well: plans of the real planner for six lessons."""

from dataclasses import replace
from typing import Final

import msgspec

from core.control_line import LineReport
from core.line.estimate import Estimate
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.manifest import Titles
from core.plan.model import Plan
from core.plan.outstanding import OutstandingItem
from core.plan.planner import plan
from core.plan.situation import Occurrence, Situation
from tests.support.planning import at, lesson, pack, situation, steady, video

MB: Final = 1_000_000
PACK: Final = "gd/zhuhai/math-g5-pep-1"
EVENING: Final = 6.0
"""Hours after noon: the plans are those of 18:00 on a Thursday, 2026-11-26."""
OFFSET: Final = 480
TITLES: Final[list[Titles]] = [
    {"zh": "分数的初步认识", "en": "Fractions"},
    {"zh": "分数的大小比较", "en": "Comparing fractions"},
    {"zh": "植物的根", "en": "The roots of plants"},
    {"zh": "大河与平原", "en": "Rivers and plains"},
    {"zh": "唱歌：小星星", "en": "Singing: little star"},
    {"zh": "复习", "en": "Revision"},
]
_STARTS: Final = (20.5, 21.33, 22.17, 23.0, 26.0, 26.83)
_FULL: Final = 60 * MB
SETTINGS: Final = LineSettings(budget=2_000 * MB, week=(100,) * 168)


def six_lessons() -> list[Occurrence]:
    """Give the six lessons of the Friday."""
    return [
        lesson(f"lesson-{number}", start, PACK, title=title)
        for number, (start, title) in enumerate(zip(_STARTS, TITLES, strict=True), 1)
    ]


def videos(full: int = _FULL) -> list[OutstandingItem]:
    """Give what they show: nothing of it is here."""
    return [video(f"lesson-{number}", full, full // 5, full // 20) for number in range(1, 7)]


def evening(rate: float = 5_000.0, full: int = _FULL, **more: object) -> Situation:
    """Give the situation at 18:00."""
    usual: dict[str, object] = {
        "now": at(EVENING), "settings": SETTINGS,
        "ledger": Ledger(month="2026-11-01", used=1_210 * MB), "estimate": steady(rate, 1.0),
    }  # fmt: skip
    return situation([pack(videos(full), PACK)], six_lessons(), **{**usual, **more})  # type: ignore[arg-type]


def lowered() -> Plan:
    """Give the plan where the line suffices for four of six at full size."""
    return plan(evening())


def cut_off() -> Plan:
    """Give the plan of the same evening with the line pulled an hour ago."""
    down = replace(evening(), is_up=False, down_since=at(EVENING - 1))
    here = [
        replace(one, is_here=True, rendition="720p") if number < 2 else one
        for number, one in enumerate(down.lessons)
    ]
    rest = msgspec.structs.replace(down.outstanding.packs[0], items=videos()[2:])
    found = msgspec.structs.replace(down.outstanding, packs=[rest])
    return plan(replace(down, lessons=here, outstanding=found))


def too_slow() -> Plan:
    """Give the plan where day hours would help, one lesson is withdrawn, one assigned to none."""
    night = tuple(100 if hour < 6 or hour >= 22 else 0 for _ in range(7) for hour in range(24))
    found = evening(9_000.0, 200 * MB, settings=msgspec.structs.replace(SETTINGS, week=night))
    lessons = list(found.lessons)
    lessons[1] = replace(lessons[1], item="gone", absence="withdrawn")
    lessons[4] = replace(lessons[4], item="other", absence="unassigned")
    return plan(replace(found, lessons=lessons))


def all_here() -> Plan:
    """Give the plan of an evening on which nothing is missing."""
    found = evening()
    here = [replace(one, is_here=True, rendition="720p") for one in found.lessons]
    return plan(replace(found, lessons=here, outstanding=msgspec.structs.replace(
        found.outstanding, packs=[])))  # fmt: skip


LINE: Final = LineReport(
    settings=SETTINGS,
    ledger=Ledger(month="2026-11-01", used=1_210 * MB),
    estimate=Estimate(samples=(5_000.0,) * 20, up=0.71, latency=0.31),
    renews="2026-12-01",
    left=790 * MB,
)
