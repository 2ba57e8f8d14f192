"""Whatever the situation: each piece comes once, the budget is kept, and a better line helps."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.line.ledger import Ledger
from core.line.settings import FULL, LineSettings
from core.plan.model import Plan
from core.plan.outstanding import OutstandingItem, OutstandingPack, Step
from core.plan.planner import plan
from core.plan.situation import Occurrence, Situation, Wished
from tests.support.planning import ALWAYS, at, lesson, situation, steady

MB = 1_000_000
NIGHTS = LineSettings(week=(*([FULL] * 7 + [0] * 11 + [FULL] * 6) * 5, *[FULL] * 48))


@st.composite
def items(draw: st.DrawFn) -> list[OutstandingItem]:
    """Give items of one to three steps, of which the first may be here."""
    found = []
    for number in range(draw(st.integers(1, 7))):
        sizes = draw(st.lists(st.integers(1, 400 * MB), min_size=1, max_size=3))
        is_begun = draw(st.booleans()) and len(sizes) > 1
        steps = [Step(f"s{place}", size, size) for place, size in enumerate(sizes)]
        if is_begun:
            steps[0] = Step("s0", 0, 0)
        spare = Step("spare", MB, MB) if draw(st.booleans()) else None
        found.append(OutstandingItem(f"i{number}", steps, is_begun, spare))
    return found


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Give situations with some packs, lessons, wishes and any line."""
    packs = [
        OutstandingPack(
            pack=f"cn/-/p{number}",
            version=2,
            priority=draw(st.integers(1, 9)),
            is_listed=draw(st.integers(0, 4)) > 0,
            head=5000,
            line=90 * MB,
            size=90 * MB,
            items=draw(items()),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    packs = [one if one.is_listed else _unlisted(one) for one in packs]
    places = [(one.pack, item.item) for one in packs for item in one.items]
    return situation(
        packs,
        draw(_lessons(places)) if places else [],
        wishes=draw(_wishes(places)) if places else [],
        settings=draw(st.sampled_from([ALWAYS, NIGHTS])),
        estimate=steady(draw(st.floats(1_000, 1e6)), draw(st.floats(0.1, 1))),
        is_time_known=draw(st.integers(0, 5)) > 0,
        usable=draw(st.sampled_from([1 << 50, 300 * MB])),
        backlog=draw(st.sampled_from([0, 600])),
    )


def _unlisted(one: OutstandingPack) -> OutstandingPack:
    return OutstandingPack(pack=one.pack, version=2, head=one.head, line=one.line, size=one.size)


@st.composite
def _lessons(draw: st.DrawFn, places: list[tuple[str, str]]) -> list[Occurrence]:
    return [
        lesson(item, draw(st.floats(-3, 200)), pack)
        for pack, item in draw(st.lists(st.sampled_from(places), max_size=10))
    ]


@st.composite
def _wishes(draw: st.DrawFn, places: list[tuple[str, str]]) -> list[Wished]:
    return [
        Wished(pack, item, draw(st.one_of(st.none(), st.floats(at(-5), at(99)))))
        for pack, item in draw(st.lists(st.sampled_from(places), max_size=2))
    ]


def lowest_in_time(made: Plan) -> int:
    """Count the lessons' lowest steps that are expected by their deadline."""
    return sum(
        one.finish is not None and one.deadline is not None and one.finish <= one.deadline
        for one in made.actions
        if one.why == "lesson"
    )


@given(situations())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_piece_comes_once_and_everything_comes(given_situation: Situation) -> None:
    made = plan(given_situation)

    assert made == plan(given_situation)
    fetched = [(one.pack, one.item, one.rendition) for one in made.actions if one.kind == "fetch"]
    assert len(fetched) == len(set(fetched))
    outstanding = {
        (pack.pack, item.item, step.rendition)
        for pack in given_situation.outstanding.packs
        for item in pack.items
        for step in item.steps
        if not step.is_here
    }
    assert outstanding <= set(fetched)
    lines = [one.finish for one in made.actions if one.line and one.finish is not None]
    assert lines == sorted(lines)


@given(situations(), st.integers(0, 600 * MB), st.integers(0, 600 * MB))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_more_is_planned_in_a_month_than_its_budget_has_left(
    given_situation: Situation, budget: int, used: int
) -> None:
    limited = replace(
        given_situation,
        settings=LineSettings(week=given_situation.settings.week, budget=budget, budget_day=28),
        ledger=Ledger(month="2026-10-28", used=min(used, budget)),
    )

    made = plan(limited)

    turn = at(-12) + 2 * 86_400 if limited.is_time_known else float("inf")
    soon = sum(one.line for one in made.actions if one.finish is not None and one.finish < turn)
    assert soon <= budget - limited.ledger.used
    left = made.quote.budget_left
    assert left is not None
    assert left <= budget - limited.ledger.used


@given(situations(), st.floats(1, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_line_that_carries_more_has_no_fewer_lessons_in_time(
    given_situation: Situation, factor: float
) -> None:
    calm = replace(given_situation, wishes=(), usable=1 << 50, is_time_known=True)
    quicker = replace(calm, estimate=steady(calm.estimate.rate * factor, calm.estimate.up))

    assert lowest_in_time(plan(quicker)) >= lowest_in_time(plan(calm))
