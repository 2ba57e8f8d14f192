"""What a situation means for the line."""

from dataclasses import replace

import pytest

from core.line.settings import LineSettings
from edge_client.planned import report_of
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
