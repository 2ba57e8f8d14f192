"""Makes a failing scenario smaller: leaves out whatever the failure does not need."""

from collections.abc import Callable, Sequence
from typing import Final

from core.line.settings import LineSettings
from tests.simulation.scenario import Scenario

_PARTS: Final = ("captive", "cuts", "outages", "powers", "events")


def minimised(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """Give the smallest scenario found that still fails.

    Args:
        scenario: one that fails.
        fails: says whether another one does.
    """
    for name in _PARTS:
        scenario = _with_fewer(scenario, name, fails)
    plain = scenario.without(
        has_clock=True, hears_time=True, latency=0.05, settings=_calm(scenario.settings)
    )
    return plain if fails(plain) else scenario


def _with_fewer(scenario: Scenario, name: str, fails: Callable[[Scenario], bool]) -> Scenario:
    """Leave out parts in halves, then quarters, and so on down to single ones."""
    kept: Sequence[object] = getattr(scenario, name)
    size = len(kept)
    while size and kept:
        place = 0
        while place < len(kept):
            fewer = (*kept[:place], *kept[place + size :])
            if fails(scenario.without(**{name: fewer})):
                kept = fewer
            else:
                place += size
        size //= 2
    return scenario.without(**{name: tuple(kept)})


def _calm(settings: LineSettings) -> LineSettings:
    return LineSettings(
        week=(100,) * len(settings.week), budget=settings.budget, budget_day=settings.budget_day
    )
