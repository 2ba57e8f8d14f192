"""Statuses that the screen must show well, and an agent that gives them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from core.control import (
    ChannelStatus,
    LessonStatus,
    PackStatus,
    Status,
    Transfer,
    WishStatus,
    Wording,
)
from core.control_calls import (
    Finding,
    SetupEntry,
    Stick,
    StickReport,
    Teacher,
    UsageDay,
    UsagePack,
    UsageReport,
)
from core.control_line import MOST_TOLD, bounded
from core.plan.model import Plan
from tests.support import evenings
from tests.support.planning import at
from tui.client import Absence
from tui.views.sheet import Table

FRACTIONS = PackStatus(
    id="gd/zhuhai/math-g5-pep-1",
    title={"en": "Mathematics, grade 5: fractions", "zh": "数学五年级上册：分数"},
    version=7,
    items=24,
    here=24,
    size=1_234_000_000,
    missing_bytes=0,
)
SCIENCE = PackStatus(
    id="cn/-/science-g3",
    title={"en": "Science, grade 3", "zh": "科学三年级"},
    version=2,
    items=12,
    here=7,
    size=480_000_000,
    missing_bytes=203_000_000,
)
_COMMON = Status(
    node="4f1c09aa31be77d2",
    school="gd-zhuhai-042",
    hub="https://hub.example",
    disk_total=64_000_000_000,
    disk_free=21_000_000_000,
    disk_floor=1_000_000_000,
    portal="http://192.168.4.1/",
    clock_verified=True,
    trusted_time="2026-11-22T06:05:00Z",
)


def made(**fields: object) -> Status:
    """Give the common status with these fields changed."""
    known = {name: getattr(_COMMON, name) for name in _COMMON.__struct_fields__}
    return Status(**{**known, **fields})


EMPTY = made(line="up", last_contact=30.0, next_try=870.0)
NOT_ENROLLED = made(
    node="",
    school="",
    hub="",
    activity="waiting",
    reason="This machine is not enrolled yet.",
    reason_wording=Wording(
        template="This machine is not enrolled yet.",
        hint="Run `packhorse node enrol` with the token that your hub gave you.",
    ),
)
FETCHING = made(
    line="up",
    activity="fetching",
    last_contact=0.4,
    packs=[FRACTIONS, SCIENCE],
    transfer=Transfer(
        pack=SCIENCE.id,
        title=SCIENCE.title,
        version=2,
        done=124_000_000,
        total=200_000_000,
        rate=62_500.0,
        seconds_left=200.0,
        item="lesson-8",
    ),
    backlog=3,
    backlog_oldest=60.0,
)
OFFLINE = made(
    line="down",
    reason="hub.example does not answer any more.",
    reason_wording=Wording(
        template="{name} does not answer any more.",
        hint="Nothing is lost: it goes on from here when the line is back.",
        fields={"name": "hub.example"},
    ),
    last_contact=1500.0,
    next_try=42.0,
    packs=[FRACTIONS, SCIENCE],
    backlog=128,
    backlog_oldest=1400.0,
)
ALL_HERE = made(line="up", last_contact=12.0, next_try=640.0, packs=[FRACTIONS])
PROBLEM = made(
    line="up",
    last_contact=12.0,
    next_try=640.0,
    packs=[FRACTIONS],
    problems=["The signature of gd/zhuhai has expired."],
    problem_wordings=[
        Wording(template="The signature of {file} has expired.", fields={"file": "gd/zhuhai"})
    ],
)
HOSTILE_TITLES = [
    "[bold red]not markup[/] [link=x]y[/link] [",
    "\x1b[2J\x1b[31mclears\x07 the screen\r\nand more",
    "ماتېماتىكا دەرسلىكى 5-يىللىق",
    "\u202ereversed\u202c \u2066isolated\u2069",
    "很长的标题" * 60,
    "Zalgo" + "\u0301" * 200,
    "",
]
HOSTILE = made(
    line="up",
    school="[red]school\x1b[0m",
    portal="http://x/[bold]",
    packs=[
        PackStatus(
            id=f"gd/-/{number}[b]", title={"en": title, "zh": title}, version=number + 1,
            items=3, here=3, size=10**number, missing_bytes=0,
        )
        for number, title in enumerate(HOSTILE_TITLES)
    ],
    problems=["[blink]\x1b[5mproblem[/blink]"],
    problem_wordings=[Wording(template="[blink]{x}", fields={"x": "\x1b[5m[/blink]"})],
)  # fmt: skip


FULL = made(
    line="up",
    last_contact=12.0,
    next_try=640.0,
    packs=[
        FRACTIONS,
        SCIENCE,
        PackStatus(
            id="gd/-/chinese-g4",
            title={"en": "Chinese, grade 4: the river", "zh": "语文四年级：大河"},
            version=3, items=18, here=16, size=730_000_000, missing_bytes=0, withdrawn=2,
        ),
        PackStatus(
            id="gd/-/old-atlas", title={"en": "Old atlas", "zh": "旧地图册"},
            version=1, items=5, here=0, size=90_000_000, missing_bytes=0, withdrawn=5,
            reason="A border is drawn wrongly on page 12.",
        ),
        PackStatus(
            id="gd/zhuhai/music-g2", title={"en": "Music, grade 2", "zh": "音乐二年级"},
            version=4, items=9, here=6, size=310_000_000, missing_bytes=90_000_000,
            assigned=False,
        ),
    ],
    school_name="珠海市第四十二小学",
    node_name="机房小盒",
    addresses=["http://school.lan/", "http://192.168.4.1/", "http://10.20.30.40:8080/"],
    school_time="2026-11-24T08:28",
    school_time_known=True,
    software="0.3.0",
)  # fmt: skip


WISHED = made(
    line="up",
    activity="fetching",
    last_contact=0.4,
    packs=[FRACTIONS, SCIENCE],
    transfer=FETCHING.transfer,
    wishes=[
        WishStatus(pack=SCIENCE.id, item="lesson-8", state="fetching",
                   title={"en": "Why the moon changes", "zh": "月亮为什么会变"},
                   wanted_by="2026-11-26T08:30"),
        WishStatus(pack=SCIENCE.id, item="lesson-9", state="waiting",
                   title={"en": "Shadows", "zh": "影子"}),
        WishStatus(pack="cn/-/songs", item="lesson-1", state="unpublished", title={}),
        WishStatus(pack=FRACTIONS.id, item="lesson-2", state="here",
                   title={"en": "Halves", "zh": "一半"}),
        WishStatus(pack=FRACTIONS.id, item="lesson-3", state="here",
                   title={"en": "Thirds", "zh": "三分之一"}),
    ],
)  # fmt: skip


def lesson(
    start: str, zh: str, en: str, *, here: bool = True, changed: bool = False
) -> LessonStatus:
    """Give a lesson of the timetable."""
    return LessonStatus(start=start, minutes=40, pack=FRACTIONS.id, item="x",
                        title={"zh": zh, "en": en}, here=here, changed=changed)  # fmt: skip


TIMETABLE = msgspec.structs.replace(
    FULL,
    channels=[
        ChannelStatus(
            id="g5", title={"zh": "五年级", "en": "Grade 5"},
            next=[
                lesson("2026-11-26T08:30", "分数的初步认识", "Fractions"),
                lesson("2026-11-26T09:20", "分数的大小比较", "Comparing fractions", here=False),
                lesson("2026-11-26T14:00", "复习", "Revision", changed=True),
            ],
        ),
        ChannelStatus(
            id="g3-science", title={},
            next=[lesson("2026-11-26T08:30", "植物的根", "The roots of plants", here=False)],
        ),
        ChannelStatus(id="empty", title={}),
    ],
)  # fmt: skip
SETUPS = [
    SetupEntry(path=f"/media/k/setup/{school}.json", school=school, name=name, used=used)
    for school, name, used in [
        ("gd-zhuhai-042", "珠海市第四十二小学", False),
        ("gd-zhuhai-043", "珠海市第四十三小学", False),
        ("gd-zhuhai-007", "斗门中心小学", True),
    ]
]
STICK = Stick(
    path="/media/k",
    label="KINGSTON",
    size=31_000_000_000,
    free=12_000_000_000,
    has_packs=True,
    last_day="2026-12-31",
    setups=SETUPS,
    for_us=True,
)
READ_ONLY = Stick(
    path="/media/r", label="[red]x\x1b[0m", size=31_000_000_000, writable=False, has_packs=True,
    last_day="2026-10-01",
)  # fmt: skip
BROKEN_STICK = Stick(
    path="/media/b",
    label="OLD",
    problem=Wording(
        template="{path} cannot be read or written: the disk reports an error.",
        hint="Check the cable or card; if it happens again, replace the card or disk.",
        fields={"path": "/media/b"},
    ),
)
IMPORTED = StickReport(
    packs=["gd/zhuhai/math-g5-pep-1", "cn/-/science-g3"],
    acknowledged=120,
    bytes=1_710_000_000,
    seconds=214.0,
)
CUT_IMPORT = StickReport(
    exit_code=3,
    bytes=40_000_000,
    seconds=12.0,
    problems=[
        Wording(
            template="The stick at {place} cannot be used: {reason}.",
            hint="Check that it is plugged in, and give the same command again; it goes on where"
            " it stopped. If that fails again, take another stick.",
            fields={"place": "/media/k", "reason": "No such device"},
        )
    ],
)
EXPORTED = StickReport(statements=128, enrolment=True, bytes=2_300, seconds=0.4)
TEACHERS = [
    Teacher(name="王丽", since="2026-09-01"),
    Teacher(name="Tenzin", since="2026-09-14"),
    Teacher(name="[b]陈\x1b[2J", since="2026-11-02"),
]
USAGE = UsageReport(
    days=[
        UsageDay(day=f"2026-11-{day}", opened=opened, minutes=minutes, taught=taught)
        for day, opened, minutes, taught in [
            (18, 12, 260, 0), (19, 31, 702, 2), (20, 4, 80, 0), (21, 0, 0, 0), (22, 0, 0, 0),
            (23, 44, 1012, 3), (24, 17, 388, 1),
        ]
    ],
    packs=[
        UsagePack(pack=FRACTIONS.id, title=FRACTIONS.title, opened=70, minutes=1700, taught=6),
        UsagePack(pack=SCIENCE.id, title=SCIENCE.title, opened=38, minutes=742),
    ],
    waiting=128,
    oldest=1400.0,
    refused=2,
    since="2026-11-18",
)  # fmt: skip
FINDINGS = [
    Finding(name="line", state="good", sentence=Wording(template="up")),
    Finding(
        name="disk",
        state="warning",
        sentence=Wording(
            template="The disk is nearly full: {free} free, {floor} must stay free.",
            hint="Assign fewer packs to this school, or put in a larger disk.",
            fields={"free": "1.4 GB", "floor": "1.0 GB"},
        ),
    ),
    Finding(
        name="expiry",
        state="bad",
        sentence=Wording(
            template="The signature of {file} has expired.",
            hint="Tell the hub's admin.",
            fields={"file": "gd/zhuhai"},
        ),
    ),
    Finding(name="[b]new\x1b[2J", state="good", sentence=Wording(template="here")),
]


class FakeAgent:
    """Gives these news, then stays silent; answers calls as told, and remembers them.

    A method without an answer does not come back until ``answer`` gives one.
    """

    def __init__(self, *news: Status | Absence, **answers: object) -> None:
        self.news = news
        self.answers = answers
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.more: asyncio.Queue[Status | Absence] = asyncio.Queue()
        self._changed = asyncio.Condition()

    async def watch(self) -> AsyncIterator[Status | Absence]:
        """Give the news."""
        for one in self.news:
            yield one
        while True:
            yield await self.more.get()

    async def call(
        self, method: str, kind: type[Any], seconds: float | None, **params: object
    ) -> Any:
        """Note the call, and answer it when there is an answer."""
        del kind, seconds
        self.calls.append((method, params))
        async with self._changed:
            await self._changed.wait_for(lambda: method in self.answers)
        return self.answers[method]

    async def answer(self, method: str, outcome: object) -> None:
        """Answer a method from now on."""
        async with self._changed:
            self.answers[method] = outcome
            self._changed.notify_all()


def numbered(pack: PackStatus, number: int) -> PackStatus:
    """Give the pack under another id."""
    fields = {name: getattr(pack, name) for name in pack.__struct_fields__}
    return PackStatus(**{**fields, "id": f"gd/-/p{number}"})


def no_table() -> Table:
    """Give a table without rows."""
    return Table((), ())


def evening(plan: Plan, **fields: object) -> Status:
    """Give the status of a Thursday at 18:00 with a plan."""
    usual = msgspec.structs.replace(
        FULL,
        channels=[ChannelStatus(id="g5", title={"zh": "五年级", "en": "Grade 5"})],
        school_time="2026-11-26T18:00",
        school_offset=evenings.OFFSET,
        plan=bounded(plan, MOST_TOLD),
        line_settings=evenings.SETTINGS,
        ledger=evenings.LINE.ledger,
        line_rate=5_000.0,
    )
    return msgspec.structs.replace(usual, **fields)


EVENING = evening(evenings.too_slow())
NOW = at(evenings.EVENING)
