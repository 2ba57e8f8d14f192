"""What the next lessons of a school can count on, as its node foresaw it in its last report."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec

from core.node_report import LessonState, NodeReport

_MINUTE = 60


class Evening(msgspec.Struct, frozen=True, kw_only=True):
    """The lessons of one school day, counted.

    Attributes:
        day: the school's date, ``2026-11-27``.
        ready: lessons that are here or surely come in time.
        risk: those that come in time only if all goes well.
        missing: those that do not, and those of which nobody knows.
        planned: when the node foresaw this, UTC; empty where its clock was surely wrong.
    """

    day: str
    ready: int = 0
    risk: int = 0
    missing: int = 0
    planned: str = ""

    @property
    def count(self) -> int:
        """How many lessons there are."""
        return self.ready + self.risk + self.missing


def evening_of(report: NodeReport, now: datetime) -> Evening | None:
    """Count the lessons of the first day on which one is still to begin; None without any.

    Args:
        report: the node's newest.
        now: the hub's time.
    """
    ahead = lessons_ahead(report, now)
    if not ahead:
        return None
    day = ahead[0][0].date()
    counts = Counter(
        lesson.state if lesson.state in {"ready", "risk"} else "missing"
        for moment, lesson in ahead
        if moment.date() == day
    )
    return Evening(
        day=day.isoformat(),
        ready=counts["ready"],
        risk=counts["risk"],
        missing=counts["missing"],
        planned=report.planned,
    )


def lessons_ahead(report: NodeReport, now: datetime) -> list[tuple[datetime, LessonState]]:
    """Give the lessons of the days on which one is still to begin, with the school's time.

    Args:
        report: the node's newest.
        now: the hub's time.
    """
    offset = timedelta(minutes=report.offset)
    dated = [
        (datetime.fromtimestamp(one.start * _MINUTE, UTC) + offset, one) for one in report.lessons
    ]
    here = now + offset
    days = {moment.date() for moment, _lesson in dated if moment > here}
    return sorted(
        ((moment, one) for moment, one in dated if moment.date() in days),
        key=lambda pair: (pair[0], pair[1].channel),
    )
