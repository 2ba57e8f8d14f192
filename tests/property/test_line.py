"""Budgets and requests: never more than there is, whatever the numbers."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.line.estimate import Estimate
from core.line.ledger import Ledger, left, month_after, month_of, reserve, settle, turned
from core.line.requests import LARGEST, SMALLEST, affordable, largest_request, lead_bytes
from core.line.wire import Wire, wire_bytes

WIRES = st.builds(
    Wire,
    tls=st.booleans(),
    request=st.integers(0, 3000),
    connection=st.integers(0, 9000),
)
DAYS = st.dates(date(2020, 1, 1), date(2060, 1, 1))


@given(left_over=st.integers(0, 10**10), wire=WIRES, connect=st.booleans())
def test_what_is_affordable_costs_no_more_than_is_left_and_nearly_all_of_it(
    left_over: int, wire: Wire, connect: bool
) -> None:
    count = affordable(left_over, wire, connect=connect)
    fixed = wire.connection if connect else 0
    if count:
        assert wire_bytes(count, wire, requests=1) + fixed <= left_over
    # What the request itself costs is taken off as if it were content, and segments are whole.
    more = int(count * 1.01) + 400
    assert wire_bytes(more, wire, requests=1) + fixed > left_over


@given(samples=st.lists(st.floats(1, 1e9), max_size=60), latency=st.floats(0, 600, allow_nan=False))
def test_requests_have_bounds(samples: list[float], latency: float) -> None:
    estimate = Estimate(samples=tuple(samples), latency=latency)
    most = largest_request(estimate)
    assert SMALLEST <= most <= LARGEST
    assert SMALLEST <= largest_request(estimate, 1000.0) <= most
    assert lead_bytes(estimate) >= 0


@given(day=DAYS, budget_day=st.integers(1, 28))
def test_months_follow_one_another_without_gaps(day: date, budget_day: int) -> None:
    first, following = month_of(day, budget_day), month_after(day, budget_day)
    assert first <= day < following
    assert first.day == following.day == budget_day
    assert month_of(following, budget_day) == following
    assert month_of(following - timedelta(1), budget_day) == first


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.booleans()), max_size=40
    ),
    budget=st.integers(0, 10**7),
)
def test_who_reserves_only_what_is_left_never_uses_more(
    steps: list[tuple[int, int, bool]], budget: int
) -> None:
    ledger = Ledger()
    for wanted, came, is_killed in steps:
        room = left(ledger, budget)
        assert room is not None
        asked = min(wanted, room)
        ledger = reserve(ledger, asked)
        if not is_killed:
            ledger = settle(ledger, asked, min(came, asked))
        assert ledger.used + ledger.reserved <= budget


@given(day=DAYS, budget_days=st.lists(st.integers(1, 28), min_size=1, max_size=9))
def test_setting_another_day_gives_nothing_and_the_next_month_begins_on_it(
    day: date, budget_days: list[int]
) -> None:
    ledger = settle(turned(Ledger(), day, 1), 0, 100)
    for budget_day in budget_days:
        ledger = turned(ledger, day, budget_day)
        assert ledger.used == 100
    following = month_after(day, budget_days[-1])
    assert turned(ledger, following - timedelta(1), budget_days[-1]).used == 100
    assert turned(ledger, following, budget_days[-1]) == Ledger(month=following.isoformat())


@given(days=st.lists(st.one_of(st.none(), DAYS), max_size=20), budget_day=st.integers(1, 28))
def test_a_clock_that_jumps_gives_nothing(days: list[date | None], budget_day: int) -> None:
    ledger = settle(Ledger(), 0, 100)
    for day in days:
        before, ledger = ledger, turned(ledger, day, budget_day)
        assert ledger.month >= before.month
        if ledger.month == before.month:
            assert ledger == before
