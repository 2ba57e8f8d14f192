"""School-weeks of the whole node against a seeded world; ``make sim`` runs them by the thousand.

WEEKS=200 make sim           fewer of them
FIRST=5000 make sim          others
"""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

import sync.purse
from cache import catalogue, journal
from cache.catalogue_rules import SERVE
from cache.databases import open_writer
from cache.journal_schema import MIGRATIONS
from core.line import ledger
from core.plan.timely import Timely
from tests.simulation.draw import draw
from tests.simulation.many import attempt, run_all, smaller
from tests.simulation.minimise import minimised
from tests.simulation.scenario import DAY, Scenario
from tests.simulation.statements import MemoryOutbox
from tests.simulation.week import run

WEEKS = int(os.environ.get("WEEKS", "10000"))
FIRST = int(os.environ.get("FIRST", "0"))
GATE = 0.95
Plant = Callable[[pytest.MonkeyPatch], None]


def short(seed: int, days: float) -> Scenario:
    """Give the first days of a week."""
    found = draw(seed)
    return found.without(stop=found.start + days * DAY)


def test_the_same_seed_has_the_same_trace() -> None:
    first, again = run(short(7, 2)), run(short(7, 2))

    assert len(first.trace) > 20
    assert first == again


def test_some_weeks_keep_every_invariant_and_most_lessons() -> None:
    sums = run_all(range(1, 5), processors=1)

    assert not sums.failures
    assert sums.share > 0.85
    assert sums.taught > 2 * max(sums.in_order, sums.whole_files)


def test_the_real_databases_serve_and_number_as_those_in_memory_do() -> None:
    given = short(2, 3)

    real, in_memory = run(given, is_real=True), run(given, is_real=False)

    assert real.trace == in_memory.trace
    assert real.seen == in_memory.seen


def one_byte_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    def left(known: ledger.Ledger, budget: int | None) -> int | None:
        found = ledger.left(known, budget)
        return None if found is None else found + 1

    monkeypatch.setattr(sync.purse, "left", left)


def older_versions_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "SERVE", SERVE.replace("max(", "min("))


def numbers_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = journal._prepare  # noqa: SLF001 - a bug is planted in it

    def begin_again(*given: Any) -> journal.Opening:
        found = prepare(*given)
        with open_writer(given[0].journal, MIGRATIONS) as connection:
            connection.execute("UPDATE epoch SET last = max(pruned, last - 1)")
            connection.execute("DELETE FROM statement WHERE sequence > (SELECT last FROM epoch)")
        connection.close()
        return found

    monkeypatch.setattr(journal, "_prepare", begin_again)


PLANTED = [
    (one_byte_too_many, range(1, 40), False, "more is reserved than the budget has"),
    (older_versions_first, range(1, 10), True, "is served in version 1, and version 2 is here"),
    (numbers_twice, range(3, 10), True, "is two statements|statements are lost"),
]


@pytest.mark.parametrize(("plant", "seeds", "is_real", "sentence"), PLANTED)
def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, seeds: range, is_real: bool, sentence: str
) -> None:
    plant(monkeypatch)

    results = (attempt(draw(seed), is_real=is_real) for seed in seeds)
    told = next((one for one in results if isinstance(one, str)), "nothing was found")

    assert re.search(sentence, told)


def test_a_planner_that_ignores_deadlines_falls_short_of_the_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Timely, "_find_moments", lambda _: {})

    assert run_all(range(1, 4), processors=1).share < 0.8


def test_a_failing_week_is_made_as_small_as_what_makes_it_fail() -> None:
    given = draw(3)
    culprit = given.events[len(given.events) // 2]

    found = minimised(given, lambda one: culprit in one.events and len(one.powers) > 1)

    assert found.events == (culprit,)
    assert len(found.powers) == 2
    assert (found.outages, found.cuts, found.captive) == ((), (), ())


def test_a_failing_week_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryOutbox, "append", lambda *_: None)
    monkeypatch.setattr("tests.simulation.many.draw", lambda seed: short(seed, 0.5))

    told = smaller(1)

    assert told.startswith("seed 1, made smaller: statements are lost")
    assert told.count("\n  used ") == 1
    assert "no line" not in told


def test_a_week_that_ends_in_an_error_is_told_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("year 10136 is out of range")

    monkeypatch.setattr(Timely, "_find_moments", fail)

    assert attempt(short(1, 0.2)) == "ValueError: year 10136 is out of range"


@pytest.mark.sim
@pytest.mark.timeout(4 * 3600)
def test_weeks_by_the_thousand() -> None:
    sums = run_all(range(FIRST, FIRST + WEEKS), tell=lambda said: print(said, flush=True))

    print(f"\n{sums.report()}")
    for seed in list(sums.failures)[:1]:
        print(smaller(seed))
    assert not sums.failures
    assert sums.share >= GATE
