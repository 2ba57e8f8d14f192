"""Which share of the line is free: by the best guess, and where there is none."""

from datetime import datetime

import pytest

from core.line.settings import USUAL_WEEK, LineSettings
from core.line.week import share_at

NINE_ON_A_SUNDAY = 1_795_338_000.0


def here(moment: datetime) -> datetime:
    return moment


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        (LineSettings(), 0.2),
        (LineSettings(week=(0, 30, *USUAL_WEEK[2:])), 0.2),
        (LineSettings(week=(0,) * 168), 0.0),
        (LineSettings(paused=True), 0.0),
        # Nobody knows whether it is over.
        (LineSettings(open_until=NINE_ON_A_SUNDAY), 0.2),
    ],
)
def test_without_even_a_guess_it_is_the_least_share_above_0(
    settings: LineSettings, share: float
) -> None:
    assert share_at(settings, 0.0, here) == share


def test_with_a_time_it_is_that_of_the_hour() -> None:
    assert share_at(LineSettings(), NINE_ON_A_SUNDAY, here) == 1.0
