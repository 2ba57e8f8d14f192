"""Statuses that the screen must show well, and an agent that gives them."""

import asyncio
from collections.abc import AsyncIterator

from core.control import Failure, PackStatus, Status, Transfer, Wording
from tui.client import Absence

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


class FakeAgent:
    """Gives these news, then stays silent; counts wishes."""

    def __init__(self, *news: Status | Absence, refusal: Failure | None = None) -> None:
        self.news = news
        self.refusal = refusal
        self.wishes = 0
        self.more: asyncio.Queue[Status | Absence] = asyncio.Queue()

    async def watch(self) -> AsyncIterator[Status | Absence]:
        """Give the news."""
        for one in self.news:
            yield one
        while True:
            yield await self.more.get()

    async def sync(self) -> Failure | None:
        """Note the wish."""
        self.wishes += 1
        return self.refusal
