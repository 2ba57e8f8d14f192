"""How the line stands, in English words, for the command line."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from core.control_line import LineReport
from core.display import one_line
from core.line.estimate import Estimate
from core.line.hours import NAMES, Days, read_out
from core.line.week import Here
from core.text import BITS_PER_BYTE, human_bytes
from edge_client.plan_words import held

_KILO: Final = 1000
_SWITCHES: Final = {True: "on", False: "off"}


def line_facts(report: LineReport, here: Here) -> Iterator[tuple[str, str]]:
    """Give the rows: what, and how it stands."""
    settings = report.settings
    yield "Line", _line(report, here)
    yield from _hours(read_out(settings.week))
    if settings.is_opened(report.now):
        until = here(datetime.fromtimestamp(settings.open_until, UTC))
        yield "Open", f"all of the line until {until:%Y-%m-%d %H:%M}"
    yield "Budget", _budget(report)
    metered = "; only what lessons need travels" if settings.metered else ""
    yield "Metered", _SWITCHES[settings.metered] + metered
    lower = "; lessons that would be late come in a lower rendition" if settings.lower else ""
    yield "Lower", _SWITCHES[settings.lower] + lower
    if settings.quiet:
        yield "Quiet", f"during the lessons of {', '.join(map(one_line, settings.quiet))}"
    yield "Measured", _measured(report.estimate)


def _line(report: LineReport, here: Here) -> str:
    if report.hold:
        return f"nothing travels: {held(report.hold, report.until, report.now, here)}"
    return f"{report.share:.0%} of it may be taken now"


def _hours(week: list[Days]) -> Iterator[tuple[str, str]]:
    for number, days in enumerate(week):
        runs = ", ".join(f"{run.start:02}-{run.stop:02} {run.share}%" for run in days.runs)
        yield "" if number else "Hours", f"{_days(days):<7} {runs}"


def _days(days: Days) -> str:
    first, last = NAMES[days.first].title(), NAMES[days.last].title()
    return first if first == last else f"{first}-{last}"


def _budget(report: LineReport) -> str:
    ledger, limit = report.ledger, report.settings.budget
    used = human_bytes(ledger.used + ledger.reserved)
    since = f" since {ledger.month}" if ledger.month else ""
    if limit is None:
        return f"none; {used} have travelled{since}"
    renews = f"; begins anew on {report.renews}" if report.renews else ""
    return (
        f"{used} of {human_bytes(limit)} used{since}, {human_bytes(report.left or 0)} left{renews}"
    )


def _measured(estimate: Estimate) -> str:
    if not estimate.is_measured:
        return "nothing yet"
    rate = f"{estimate.rate * BITS_PER_BYTE / _KILO:.0f} kbit/s"
    there = f"there {estimate.up:.0%} of the time"
    slow = f", {estimate.latency * _KILO:.0f} ms to answer" if estimate.latency else ""
    return f"{rate}, {there}{slow}"
