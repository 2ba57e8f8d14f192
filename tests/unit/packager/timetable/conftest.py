"""Packs to look lessons up in, and what a file makes of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.digest import digest_of
from core.manifest import Item
from core.names import PackId
from core.rendition import TICKS, Rendition, Segment
from core.timetable import Channel, Slot
from core.withdrawal import Withdrawal
from packager.timetable.draft import Draft, Wishes, make_draft
from packager.timetable.findings import Findings
from packager.timetable.known import Pack, Packs

NOW = datetime(2026, 8, 30, 4, tzinfo=UTC)
"""A Sunday in Shanghai."""
MATH, ART = PackId("gd/zhuhai/math-g5"), PackId("gd/zhuhai/art")
TITLES = {
    "fractions": {"zh": "分数的认识", "en": "Fractions"},
    "decimals": {"zh": "小数", "en": "Decimals"},
    "area": {"en": "Area of circles"},
}


def rendition(minutes: int) -> Rendition:
    return Rendition(
        name="240p", path="x.240p.mp4", source=digest_of(b""), settings="s", width=426, height=240,
        head=1, segments=[Segment(1, 30 * TICKS)] * (2 * minutes),
    )  # fmt: skip


def item(
    name: str, title: str | dict[str, str], kind: Any = "video", minutes: int = 0, **more: Any
) -> Item:
    renditions = [rendition(minutes)] if minutes else []
    titles = {"en": title} if isinstance(title, str) else title
    return Item(name, titles, kind, "x", ["x"], renditions=renditions, **more)


def packs() -> Packs:
    gone = Withdrawal(reason="a slip", at="2026-08-01T00:00:00Z", item="gone")
    math = [item(name, title) for name, title in TITLES.items()]
    math += [item("sheet", "Worksheet", "pdf"), item("long", "Long film", minutes=50),
             item("gone", "Gone"), item("old", "Old", valid_until="2026-09-01")]  # fmt: skip
    art = [item("colours", "Colours"), item("area", "Area of circles")]
    return Packs([
        Pack(MATH, math, {"zh": "五年级数学"}, [gone], 1),
        Pack(ART, art, {"en": "Art"}),
    ])  # fmt: skip


class Made(NamedTuple):
    """What a file gave."""

    draft: Draft
    findings: Findings

    @property
    def slots(self) -> list[Slot]:
        return self.draft.channel.slots

    @property
    def lessons(self) -> list[str]:
        """Give day, time and item of each lesson."""
        return [f"{moment(one.start):%m-%d %H:%M} {one.item}" for one in self.slots]

    @property
    def faults(self) -> list[str]:
        return [str(one) for one in self.findings.faults]

    @property
    def warnings(self) -> list[str]:
        return [str(one) for one in self.findings.warnings]


def moment(minute: int) -> datetime:
    from zoneinfo import ZoneInfo

    return datetime.fromtimestamp(minute * 60, UTC).astimezone(ZoneInfo("Asia/Shanghai"))


Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a channel of a file's content."""

    def make_it(
        content: str | bytes,
        days: str = "",
        old: Channel | None = None,
        name: str = "g5.csv",
        **wishes: Any,
    ) -> Made:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if days:
            wishes["days"] = tmp_path / "days.csv"
            wishes["days"].write_text(days, encoding="utf-8")
        findings = Findings()
        draft = make_draft(
            file,
            Wishes(**{"channel": "g5"} | wishes),
            old=old,
            packs=packs(),
            findings=findings,
            now=NOW,
            clock=lambda: 0.0,
        )
        return Made(draft, findings)

    return make_it
