"""The page of usage: by pack and week, of all schools, of a group, of one."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, NamedTuple

from aiohttp import web

from hub.pages.chart import HEIGHT, WIDTH, Chart, stacked
from hub.pages.look import Fleet
from hub.pages.site import COUNTER, LOOK, SITE, page
from hub.pages.work import in_thread
from hub.usage_weeks import Use, weekly_use, weeks_back

PERIODS: Final = (12, 26, 52)
# As many as colours that can be told apart; the rest is drawn as one.
_MOST_SERIES: Final = 6
_MOST_ROWS: Final = 200


class Row(NamedTuple):
    """A line of the table; ``series`` is its colour in the chart."""

    name: str
    use: Use
    series: int


class UsageView(NamedTuple):
    """What a chart and its table show; ``weeks`` are Mondays, oldest first."""

    weeks: list[str]
    chart: Chart
    packs: list[Row]
    by_week: list[Row]
    total: Use
    names: list[str]


async def show(request: web.Request) -> web.Response:
    """Show how lessons are used."""
    fleet, query = await request.app[LOOK].fleet(), request.query
    left = await request.app[COUNTER].step()
    group, pack = query.get("group", "")[:100], query.get("pack", "")[:200]
    period = next((one for one in PERIODS if str(one) == query.get("weeks")), PERIODS[0])
    nodes = _nodes(fleet, group) if group else None
    view = await in_thread(lambda: look(request, fleet, period, nodes, pack))
    return page(
        request,
        "usage.html",
        fleet=fleet,
        view=view,
        group=group,
        pack=pack,
        period=period,
        periods=PERIODS,
        left=left,
        width=WIDTH,
        height=HEIGHT,
    )


def look(
    request: web.Request, fleet: Fleet, period: int, nodes: Collection[str] | None, pack: str = ""
) -> UsageView:
    """Look at the use of some weeks.

    Args:
        request: names the hub.
        fleet: tells the moment.
        period: how many weeks.
        nodes: whose use; None for all.
        pack: of which pack alone; empty for all.
    """
    weeks = list(weeks_back(fleet.now, period))
    uses = weekly_use(request.app[SITE].service.registry, weeks[0], nodes)
    return arrange(weeks, {key: use for key, use in uses.items() if pack in {"", key[0]}})


def arrange(weeks: list[date], uses: Mapping[tuple[str, str], Use]) -> UsageView:
    """Arrange sums by pack and week for chart and tables, the most used pack first."""
    days = [week.isoformat() for week in weeks]
    by_pack: dict[str, Use] = {}
    by_week: dict[str, Use] = {}
    for (pack, week), use in uses.items():
        by_pack[pack] = by_pack.get(pack, Use()).plus(use)
        by_week[week] = by_week.get(week, Use()).plus(use)
    order = sorted(by_pack, key=lambda pack: (-by_pack[pack].opened, -by_pack[pack].watched, pack))
    shown = order if len(order) <= _MOST_SERIES else order[: _MOST_SERIES - 1]
    series = [[uses.get((pack, day), Use()).opened for day in days] for pack in shown]
    if len(shown) < len(order):
        rest = [sum(one) for one in zip(*series, strict=True)]
        totals = [by_week.get(day, Use()).opened for day in days]
        series.append([total - drawn for total, drawn in zip(totals, rest, strict=True)])
    return UsageView(
        days,
        stacked([day[5:] for day in days], series),
        [
            Row(pack, by_pack[pack], min(number, _MOST_SERIES - 1))
            for number, pack in enumerate(order[:_MOST_ROWS])
        ],
        [Row(day, by_week.get(day, Use()), 0) for day in reversed(days)],
        _total(by_week.values()),
        shown,
    )


def _total(uses: Collection[Use]) -> Use:
    total = Use()
    for use in uses:
        total = total.plus(use)
    return total


def _nodes(fleet: Fleet, group: str) -> list[str]:
    return [one.node for one in fleet.entries if group in one.groups and one.node]
