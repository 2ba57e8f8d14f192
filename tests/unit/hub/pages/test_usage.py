import re
from datetime import date, timedelta

import pytest

from hub.pages.chart import HEIGHT, WIDTH, nice_top, stacked
from hub.pages.usage import arrange
from hub.registry.schools import School, save_schools
from hub.usage_weeks import Use
from tests.support.admin import admin_at
from tests.support.tiny_hub import TinyHub
from tests.unit.hub.test_usage_weeks import FISH, used

WEEKS = [date(2026, 9, 7) + timedelta(weeks=number) for number in range(12)]


async def test_the_page_has_a_chart_and_the_same_numbers_in_a_table(hub: TinyHub) -> None:
    save_schools(hub.service.registry, [School("s1", "一小", "", ("乡村",))], hub.now)
    one, other = hub.enrol_node("s1"), hub.enrol_node("s2")
    hub.service.intake.take(
        one.batch(1, [used(), used(days=7), used("paused", start=0, position=5_400_000)])
    )
    hub.service.intake.take(
        other.batch(1, [used(pack="gd/zhuhai/bird"), used(pack="<i>x"), used("taught", count=41)])
    )
    async with admin_at(hub) as browser:
        page = (await browser.get("usage")).text
        village = (await browser.get("usage?group=乡村&weeks=26")).text
        alone = (await browser.get(f"usage?pack={FISH}")).text
        school = (await browser.get("school?id=s1")).text
        nobody = (await browser.get("usage?group=nobody&weeks=9&pack=%00")).text
    svg = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert svg
    said = re.findall(r"<title>(.*?)</title>", svg[0])
    assert f"2026-11-23 · {FISH} · 1" in said
    assert len(said) == 4
    assert "style=" not in svg[0]
    assert re.search(r"Together</th><td class=\"number\">4</td><td class=\"number\">0</td>"
                     r"<td class=\"number\">1.5</td><td class=\"number\">1</td>"
                     r"<td class=\"number\">41</td>", page)  # fmt: skip
    assert "gd/zhuhai/bird" in page
    assert "<i>x" not in page
    assert "gd/zhuhai/bird" not in village
    assert "26 weeks" in village
    assert "2026-11-16" in alone
    assert "gd/zhuhai/bird" not in alone
    assert "<svg" in school
    assert "No usage has come in these weeks." in nobody


def test_what_has_no_colour_of_its_own_is_drawn_together() -> None:
    days = [week.isoformat() for week in WEEKS]
    uses = {(f"gd/-/p{pack}", day): Use(10 - pack) for pack in range(9) for day in days}
    view = arrange(WEEKS, uses)
    assert len(view.names) == 5
    assert len(view.packs) == 9
    assert {bar.series for bar in view.chart.bars} == set(range(6))
    assert sum(bar.value for bar in view.chart.bars) == view.total.opened == 54 * 12
    assert [row.name for row in view.by_week] == list(reversed(days))


def test_bars_stay_inside_and_do_not_overlap() -> None:
    made = stacked([str(number) for number in range(52)], [[number] * 52 for number in (3, 0, 7)])
    for bar in made.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= 0
        assert bar.y + bar.height <= HEIGHT
    first = [bar for bar in made.bars if bar.column == 0]
    assert [bar.value for bar in first] == [3, 7]
    assert first[1].y + first[1].height == pytest.approx(first[0].y, abs=0.2)
    assert len(made.labels) <= 13
    assert made.labels[-1].text == "51"


def test_an_empty_chart_can_be_drawn() -> None:
    assert stacked([], []).bars == []
    assert stacked(["a"], [[0]]).bars == []


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 1), (1, 1), (3, 5), (10, 10), (11, 20), (23, 25), (260, 500), (9999, 10000)],
)
def test_the_scale_ends_at_a_round_number(value: int, top: int) -> None:
    assert nice_top(value) == top
