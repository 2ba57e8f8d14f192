"""What the next lessons of each school can count on: counts in the list, reasons one click away."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from core.node_report import LessonState, NodeReport
from core.plan.model import Reason, Remedy, State
from hub.commands.nodes import nodes
from hub.evening import Evening, evening_of, lessons_ahead
from hub.pages import lessons as words
from tests.support.admin import admin_at
from tests.support.clock import START
from tests.support.tiny_hub import TinyHub
from tests.unit.hub.pages.test_fleet import BAD_NAME, names

OFFSET = 480
# Half past four in the afternoon of a Tuesday in China.
NOW = START


def lesson(hours: float, state: str = "ready", reason: str = "", **more: object) -> LessonState:
    """Make a lesson so many hours from now."""
    start = int((NOW + timedelta(hours=hours)).timestamp()) // 60
    usual: dict[str, object] = {"title": {"zh": "分数", "en": "Fractions"}}
    return LessonState(
        start, "g5", "gd/zhuhai/math", "lesson-1", state=state, reason=reason,
        **{**usual, **more},  # type: ignore[arg-type]
    )  # fmt: skip


def report(*lessons: LessonState) -> NodeReport:
    """Make a report of a node that foresees these."""
    return NodeReport(
        number=1, epoch=b"e" * 8, time="2026-11-24T08:30:00Z", lessons=list(lessons),
        offset=OFFSET, planned="2026-11-24T08:20:00Z",
    )  # fmt: skip


@pytest.fixture
def county(hub: TinyHub) -> TinyHub:
    """One school in order, one with troubles, one that has said nothing."""
    well, ill, silent = (hub.enrol_node(school) for school in ("s1", "s2", "s3"))
    common: dict[str, Any] = {"offset": OFFSET, "planned": "2026-11-24T08:20:00Z"}
    hub.service.reports.take(well.report(lessons=[lesson(16), lesson(17)], **common))
    hub.service.reports.take(
        ill.report(
            lessons=[
                lesson(16, "risk", "line", remedies=["stick", "daytime", "dance"],
                       expected=int(NOW.timestamp()) // 60 + 15 * 60),
                lesson(16.5, "risk", "thin"),
                lesson(17, "missing", "moonlight", title={"en": BAD_NAME}),
                lesson(18, "asleep"),
                lesson(19, "ready", "lower", rendition="240p"),
            ],
            **common,
        )
    )  # fmt: skip
    hub.service.reports.take(silent.report())
    return hub


@pytest.mark.parametrize(
    ("kind", "table"),
    [(State, words.STATES), (Reason, words.REASONS), (Remedy, words.REMEDIES)],
)
def test_every_code_has_words(kind: object, table: dict[str, str]) -> None:
    assert set(table) == set(get_args(kind)) - {""}


def test_the_day_that_counts_is_the_first_with_a_lesson_to_begin() -> None:
    made = report(lesson(-6, "missing"), lesson(16), lesson(17, "risk"), lesson(40, "missing"))

    assert evening_of(made, NOW) == Evening(
        day="2026-11-25", ready=1, risk=1, planned="2026-11-24T08:20:00Z"
    )
    assert [moment.day for moment, _one in lessons_ahead(made, NOW)] == [25, 25, 26]
    later = evening_of(made, NOW + timedelta(hours=30))
    assert later is not None
    assert (later.day, later.missing) == ("2026-11-26", 1)
    assert evening_of(made, NOW + timedelta(days=9)) is None
    assert evening_of(report(), NOW) is None


def test_a_day_is_the_schools_not_the_hubs() -> None:
    # Seven in the morning there is eleven in the evening of the day before here.
    at = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)
    made = report(lesson((at - NOW).total_seconds() / 3600))

    found = evening_of(made, NOW)
    assert found is not None
    assert found.day == "2026-11-26"


async def test_the_list_has_counts_by_school_and_those_in_need_first(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        page = (await browser.get("?sort=evening&down=1")).text
        chinese = (await browser.get("", headers={"Accept-Language": "zh"})).text
    assert names(page) == ["s2", "s1", "s3"]
    text = re.sub(r"\s+", " ", page)
    assert "all 2 ready" in text
    assert "1 of 5 ready" in text
    assert "2 at risk" in text
    assert "2 missing" in text
    assert "Wed 2026-11-25" in text
    assert "1 school whose next day is not all ready" in text
    assert "5 节中 1 节就绪" in chinese
    assert "周三 2026-11-25" in chinese


async def test_a_school_has_each_lesson_with_reason_and_remedy(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        page = (await browser.get("school?id=s2")).text
        chinese = (await browser.get("school?id=s2", headers={"Accept-Language": "zh"})).text
        silent = (await browser.get("school?id=s3")).text
    text = re.sub(r"\s+", " ", page)
    assert "Lessons of Wed 2026-11-25" in text
    assert "foreseen" in text
    assert ">08:30<" in text
    assert "Fractions" in text
    assert "The line is down." in text
    assert "It is in time only if the line is no slower than usual." in text
    assert "The line is too slow." not in text
    assert "send a stick; open the line for some hours there" in text
    assert "perhaps here from 07:30 on" in text
    assert "240p" in text
    for bad in ("<script>alert", "\u202e", "\x1b", "moonlight", "asleep", "dance"):
        assert bad not in page
    assert "寄 U 盘；在那里放开网络几个小时" in chinese
    assert "Lessons of" not in silent


async def test_the_csv_file_has_the_counts(county: TinyHub) -> None:
    async with admin_at(county) as browser:
        data = (await browser.get("schools.csv?sort=school")).content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(data))
    first = head.index("Next school day")
    assert [row[first : first + 4] for row in rows] == [
        ["2026-11-25", "2", "0", "0"], ["2026-11-25", "1", "2", "2"], [""] * 4,
    ]  # fmt: skip
    assert {len(row) for row in rows} == {len(head)}


def test_the_command_lists_how_many_are_ready(hub: TinyHub) -> None:
    node, silent = hub.enrol_node("s1"), hub.enrol_node("s2")
    years = 100 * 365 * 24.0
    common: dict[str, Any] = {"offset": OFFSET}
    hub.service.reports.take(
        node.report(lessons=[lesson(years), lesson(years + 1, "risk")], **common)
    )
    done = CliRunner().invoke(nodes, [str(hub.hub_directory.root)])
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}

    assert "NEXT DAY" in rows["SCHOOL"]
    place = rows["SCHOOL"].index("NEXT DAY")
    assert rows["s1"][place:].split()[0] == "1/2"
    assert rows["s2"][place:].split()[0] == "-"
    assert silent.id in rows["s2"]
