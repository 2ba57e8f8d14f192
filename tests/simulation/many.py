"""Weeks by the thousand: run on all processors, summed up; a failing one is made smaller."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.simulation.draw import draw
from tests.simulation.minimise import minimised
from tests.simulation.scenario import Scenario
from tests.simulation.week import Result, run

_A_CHUNK = 20
_TOLD = 500
_MOST_SHOWN = 5


@dataclass
class Sums:
    """What weeks came to.

    Attributes:
        failures: the sentence of each week in which an invariant did not hold, by seed.
    """

    weeks: int = 0
    lessons: int = 0
    taught: int = 0
    optimum: int = 0
    in_order: int = 0
    whole_files: int = 0
    plans: int = 0
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, seed: int, result: "Result | str") -> None:
        """Add a week, or why it failed."""
        self.weeks += 1
        if isinstance(result, str):
            self.failures[seed] = result
            return
        for name in ("lessons", "taught", "optimum", "in_order", "whole_files", "plans"):
            setattr(self, name, getattr(self, name) + getattr(result, name))

    @property
    def share(self) -> float:
        """The share of the lessons that could be taught in time of those that could have been."""
        return self.taught / self.optimum if self.optimum else 1.0

    def report(self) -> str:
        """Say it in words."""
        lines = [
            f"{self.weeks} weeks, {self.lessons} lessons, {self.plans} plans",
            "lessons teachable at their minute:",
            f"  clairvoyant optimum  {self.optimum:7}",
            f"  this node            {self.taught:7}  {self.share:.3f} of the optimum",
            f"  first in, first out  {self.in_order:7}  {self.in_order / self.optimum:.3f}",
            f"  whole-file sync      {self.whole_files:7}  {self.whole_files / self.optimum:.3f}",
            f"violations: {len(self.failures)}",
        ]
        for seed, why in list(self.failures.items())[:_MOST_SHOWN]:
            lines.append(f"seed {seed}: {why}")
        return "\n".join(lines)


def run_all(
    seeds: Iterable[int],
    processors: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Sums:
    """Run weeks on all processors.

    Args:
        seeds: which ones.
        processors: how many; None for all of them, 1 for none beside this process.
        tell: hears now and then how far they are, and at once of a failure.
    """
    sums = Sums()
    for seed, result in _results(list(seeds), processors or os.cpu_count() or 1):
        sums.add(seed, result)
        if isinstance(result, str):
            tell(f"seed {seed}: {result}")
        if not sums.weeks % _TOLD:
            tell(f"{sums.weeks} weeks: {sums.share:.3f} of the optimum")
    return sums


def _results(seeds: list[int], processors: int) -> Iterator[tuple[int, Result | str]]:
    if processors == 1:
        for seed in seeds:
            yield seed, run_one(seed)
        return
    with ProcessPoolExecutor(processors) as pool:
        yield from zip(seeds, pool.map(run_one, seeds, chunksize=_A_CHUNK), strict=True)


def run_one(seed: int) -> "Result | str":
    """Run a week; give why it failed, if it did."""
    return attempt(draw(seed))


def attempt(scenario: Scenario, *, is_real: bool | None = None) -> "Result | str":
    """Run a scenario; give why it failed, if it did."""
    try:
        return run(scenario, is_real=is_real)
    except AssertionError as error:
        return str(error) or type(error).__name__
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed is told with it
        return f"{type(error).__name__}: {error}"


def smaller(seed: int) -> str:
    """Make a failing week as small as it gets, and say what is left of it."""
    found = minimised(draw(seed), lambda one: isinstance(attempt(one), str))
    why = attempt(found)
    parts = [
        f"seed {seed}, made smaller: {why}",
        f"  {found.settings}",
        f"  clock {found.has_clock}, hears the time {found.hears_time}, disk {found.disk}",
        *(f"  no power   {one.start - found.start:9.0f} to {one.stop - found.start:9.0f}"
          for one in found.powers),
        *(f"  no line    {one.start - found.start:9.0f} to {one.stop - found.start:9.0f}"
          for one in found.outages),
        *(f"  cut        {one - found.start:9.0f}" for one in found.cuts),
        *(f"  {one.kind:10} {one.at - found.start:9.0f} {_short(one.what)}"
          for one in found.events),
    ]  # fmt: skip
    return "\n".join(parts)


def _short(what: object) -> str:
    text = str(what)
    return text if len(text) <= 160 else f"{text[:157]}..."
