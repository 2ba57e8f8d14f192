"""A chart of bars, stacked by series: pure, in the units of its view box; the page draws it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

WIDTH: Final = 720
HEIGHT: Final = 240
_LEFT: Final = 48
_BOTTOM: Final = 24
_TOP: Final = 18
# Half of a label that stands under the last bar.
_HALF_LABEL: Final = 18
_GAP: Final = 0.28
_MOST_LABELS: Final = 13
_STEPS: Final = (1, 2, 2.5, 5, 10)


class Bar(NamedTuple):
    """One piece of a bar: where it is, of which series, and what it says."""

    x: float
    y: float
    width: float
    height: float
    series: int
    column: int
    value: int


class Mark(NamedTuple):
    """A label at a place."""

    at: float
    text: str


class Chart(NamedTuple):
    """What is drawn."""

    bars: list[Bar]
    lines: list[Mark]
    labels: list[Mark]


def stacked(columns: Sequence[str], series: Sequence[Sequence[int]]) -> Chart:
    """Lay a chart out.

    Args:
        columns: what each bar is called.
        series: for each series, a value for each column, none negative.
    """
    totals = [sum(one[column] for one in series) for column in range(len(columns))]
    top = nice_top(max(totals, default=0))
    slot = (WIDTH - _LEFT) / max(1, len(columns))
    scale = (HEIGHT - _TOP - _BOTTOM) / top
    bars = []
    for column in range(len(columns)):
        level = float(HEIGHT - _BOTTOM)
        for number, one in enumerate(series):
            height = one[column] * scale
            if height:
                level -= height
                bars.append(
                    Bar(
                        round(_LEFT + slot * (column + _GAP / 2), 1),
                        round(level, 1),
                        round(slot * (1 - _GAP), 1),
                        round(max(height, 0.5), 1),
                        number,
                        column,
                        one[column],
                    )
                )
    every = -(-len(columns) // _MOST_LABELS)
    labels = [
        Mark(round(min(_LEFT + slot * (column + 0.5), WIDTH - _HALF_LABEL), 1), name)
        for column, name in enumerate(columns)
        if (len(columns) - 1 - column) % max(1, every) == 0
    ]
    lines = [
        Mark(round(HEIGHT - _BOTTOM - value * scale, 1), f"{value:,}".replace(",", "\u202f"))
        for value in sorted({0, top // 2, top})
    ]
    return Chart(bars, lines, labels)


def nice_top(value: int) -> int:
    """Give a round number that is not less than a value."""
    power = 1
    while power * 10 < value:
        power *= 10
    return next(
        (
            int(step * power)
            for step in _STEPS
            if step * power >= max(value, 1) and step * power % 1 == 0
        ),
        10 * power,
    )
