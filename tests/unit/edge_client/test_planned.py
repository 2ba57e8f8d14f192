"""What a situation means for the line."""

from dataclasses import replace
from pathlib import Path

import pytest

from cache.school_clock import SchoolClock
from core.errors import UsageError
from core.line.settings import LineSettings
from edge_client.planned import Planned, report_of
from tests.support.clock import FixedClock
from tests.support.nodes import make_state
from tests.support.planning import at, situation


@pytest.mark.parametrize(
    ("moment", "share"), [(at(0), 0.2), (at(10), 1.0), (0.0, 0.2)], ids=["day", "night", "none"]
)
def test_the_best_guess_counts_for_the_hours(moment: float, share: float) -> None:
    found = replace(situation(settings=LineSettings()), now=moment, is_time_known=False)
    report = report_of(found)
    assert (report.share, report.renews, report.now) == (share, "", moment)


def test_during_a_class_that_needs_the_line_nothing_is_free() -> None:
    report = report_of(replace(situation(), busy=[(at(-1), at(1))]))
    assert (report.share, report.hold, report.until) == (0.0, "class", at(1))


@pytest.mark.parametrize("said", ["9999-12-31T23:00", "2099-01-01T08:00", "0001-01-01T00:00"])
def test_a_time_that_nobody_can_plan_for_is_refused_in_words(tmp_path: Path, said: str) -> None:
    state, clock = make_state(tmp_path), FixedClock()
    planned = Planned(state, clock, SchoolClock(state, clock))
    with pytest.raises(UsageError, match=said):
        planned.plan(said)
    assert planned.plan("2026-12-24T08:00").made > planned.plan().made
