"""How long work still takes: believable whatever its kind, and never too soon over."""

import pytest

from packager.bar import bar_line
from packager.pace import Pace


def test_nothing_is_said_before_anything_is_known() -> None:
    pace = Pace(10)
    assert pace.left(60) is None
    pace.came(60, 0.04)
    assert pace.left(61) is None
    quick = Pace(0)
    quick.came(0.5, 0.5)
    assert quick.left(0.6) is None


def test_even_work_is_reckoned_exactly_and_counted_down() -> None:
    pace = Pace(0)
    for second in range(1, 26):
        pace.came(second, second / 100)
    assert pace.left(25) == pytest.approx(75)
    assert pace.left(30) == pytest.approx(70)


def test_what_was_quick_at_first_counts_no_more_later() -> None:
    pace = Pace(0)
    pace.came(1, 0.3)
    for step in range(1, 40):
        pace.came(1 + 10 * step, 0.3 + 0.01 * step)
    # A hundredth takes ten seconds now.
    assert pace.left(391) == pytest.approx(310, rel=0.02)


def test_what_takes_longer_than_thought_is_not_about_to_end() -> None:
    pace = Pace(0)
    pace.came(10, 0.5)
    assert pace.left(10) == pytest.approx(10)
    assert pace.left(19.5) == pytest.approx(1.95)
    assert pace.left(100) == pytest.approx(10)


@pytest.mark.parametrize(
    ("share", "left", "expected"),
    [
        (0, None, "Delta  [----------------------------]   0%"),
        (0.5, 200, "Delta  [##############--------------]  50%  3 min left"),
        (0.999, 0.2, "Delta  [###########################-]  99%  1 s left"),
        (1, 0, "Delta  [############################] 100%"),
    ],
)
def test_a_bar(share: float, left: float | None, expected: str) -> None:
    assert bar_line("Delta", share, left) == expected
