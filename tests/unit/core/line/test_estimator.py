"""What the line is believed to carry, after bursts, outages, caps and days."""

import random
from dataclasses import dataclass, field

import pytest

from core.line.estimate import MOST_SAMPLES, UNKNOWN_RATE, Estimate
from core.line.estimator import Stopwatch, with_contact, with_rate, with_round_trip
from core.line.requests import SMALLEST, largest_request

RATE = 32_000.0
HOUR = 3600.0


@dataclass
class Learner:
    """A node that transfers over a line of which the rate is known to the test."""

    estimate: Estimate = field(default_factory=Estimate)
    now: float = 1000.0

    def transfer(self, seconds: float, rate: float, *, chunk: float = 0.25) -> None:
        """Transfer for a while; bytes come in chunks."""
        watch = Stopwatch()
        watch.begin(self.now)
        stop = self.now + seconds
        while self.now < stop:
            self.now += chunk
            self._learn(watch, int(rate * chunk))
        watch.end()
        self._rest(watch)

    def _learn(self, watch: Stopwatch, count: int) -> None:
        found = watch.came(self.now, count)
        if found is not None:
            self.estimate = with_rate(self.estimate, found.rate, held_back=found.held_back)

    def _rest(self, watch: Stopwatch) -> None:
        found = watch.rest()
        if found is not None:
            self.estimate = with_rate(self.estimate, found.rate, held_back=found.held_back)


def test_a_steady_line_is_known_after_five_seconds() -> None:
    learner = Learner()
    assert (learner.estimate.rate, learner.estimate.is_measured) == (UNKNOWN_RATE, False)
    learner.transfer(5, 8_000)
    assert learner.estimate.rate == pytest.approx(8_000, rel=0.01)


def test_until_a_line_is_measured_its_pace_says_how_much_is_asked_for() -> None:
    watch = Stopwatch()
    assert watch.pace == 0
    watch.begin(1000.0)
    assert watch.came(1002.0, 800_000) is None
    assert watch.pace == 400_000

    thin = largest_request(Estimate())
    assert largest_request(Estimate(), None, 1_000.0) == thin
    assert largest_request(Estimate(), None, watch.pace) == pytest.approx(thin * 12.5, rel=0.01)
    assert largest_request(Estimate(), 1_000.0, watch.pace) == SMALLEST
    known = Estimate(samples=(UNKNOWN_RATE,))
    assert largest_request(known, None, watch.pace) == largest_request(known)


def test_a_poll_says_nothing() -> None:
    learner = Learner()
    learner.transfer(0.6, 500)
    learner.transfer(1.5, RATE)
    assert not learner.estimate.is_measured


def test_a_burst_from_a_buffer_does_not_decide() -> None:
    learner = Learner()
    chance = random.Random(4)
    for _ in range(20):
        # What a proxy has already comes in a moment.
        learner.transfer(1.0, RATE * chance.uniform(10, 60))
        learner.transfer(120, RATE * chance.uniform(0.9, 1.1))
    assert learner.estimate.rate == pytest.approx(RATE, rel=0.15)


def test_an_outage_between_transfers_is_not_slowness() -> None:
    watch = Stopwatch()
    watch.begin(0.0)
    assert watch.came(3.0, 96_000) is None
    # Cut here; it is an hour until the next answer begins.
    watch.end()
    watch.begin(HOUR)
    found = watch.came(HOUR + 2.0, 64_000)
    assert found is not None
    assert found.rate == pytest.approx(RATE)


def test_a_stall_inside_an_answer_is_slowness() -> None:
    watch = Stopwatch()
    watch.begin(0.0)
    assert watch.came(2.0, 64_000) is None
    found = watch.came(20.0, 64_000)
    assert found is not None
    assert found.rate == pytest.approx(128_000 / 20)


def test_the_time_until_an_answer_begins_counts() -> None:
    watch = Stopwatch()
    stretch = None
    for second in range(0, 10, 2):
        watch.begin(float(second))
        stretch = watch.came(second + 2.0, 20_000) or stretch
        watch.end()
    assert stretch is not None
    assert stretch.rate == pytest.approx(10_000)


def test_a_fast_line_is_known_after_a_second() -> None:
    learner = Learner()
    learner.transfer(1.5, 10e6)
    assert learner.estimate.rate == pytest.approx(10e6, rel=0.01)


def test_what_a_cap_held_back_raises_and_never_lowers() -> None:
    known = with_rate(Estimate(), RATE)
    assert with_rate(known, RATE / 5, held_back=True) == known
    assert with_rate(known, RATE * 2, held_back=True).samples == (RATE, RATE * 2)


def test_a_stretch_knows_that_a_cap_was_in_the_way() -> None:
    watch = Stopwatch()
    watch.begin(0.0)
    watch.hold(4.0)
    found = watch.came(5.0, 32_000)
    assert found is not None
    assert found.held_back
    # The next one is judged by itself.
    found = watch.came(20.0, 480_000)
    assert found is not None
    assert not found.held_back


def test_a_line_that_was_made_faster_or_slower_is_believed_within_hours() -> None:
    learner = Learner()
    learner.transfer(3 * HOUR, RATE)
    learner.transfer(HOUR, RATE * 4)
    assert learner.estimate.rate == pytest.approx(RATE * 4, rel=0.05)
    learner.transfer(HOUR, RATE / 4)
    assert learner.estimate.rate == pytest.approx(RATE / 4, rel=0.05)


def test_over_days_the_safe_rate_is_that_of_the_slow_hours() -> None:
    learner = Learner()
    chance = random.Random(7)
    for hour in range(7 * 24):
        busy = 17 <= hour % 24 < 23
        # Some minutes an hour bring what is new.
        learner.transfer(120, RATE * (0.3 if busy else 1.0) * chance.uniform(0.9, 1.1))
    assert learner.estimate.rate == pytest.approx(RATE, rel=0.15)
    assert learner.estimate.safe < RATE * 0.5


def test_a_line_that_is_away_a_third_of_the_hours_is_known_so() -> None:
    chance = random.Random(3)
    estimate, was_up = Estimate(), True
    for _ in range(14 * 24):
        is_up = chance.random() >= 0.3
        for _ in range(4):
            estimate = with_contact(estimate, HOUR / 4, was_up=was_up, is_up=is_up)
            was_up = is_up
    assert estimate.up == pytest.approx(0.7, abs=0.12)
    assert estimate.expected == pytest.approx(UNKNOWN_RATE * estimate.up)


def test_a_node_that_was_off_for_a_month_blames_the_line_for_an_hour_at_most() -> None:
    once = with_contact(Estimate(), 30 * 24 * HOUR, was_up=False, is_up=False)
    assert once.up > 0.97
    assert with_contact(once, -5.0, was_up=False, is_up=False) == once


def test_latency_is_smoothed() -> None:
    estimate = with_round_trip(Estimate(), 0.6)
    assert estimate.latency == 0.6
    assert 0.6 < with_round_trip(estimate, 3.0).latency < 1.2
    assert with_round_trip(Estimate(), 1e9).latency == 600


def test_the_samples_are_bounded_and_nonsense_is_none() -> None:
    estimate = Estimate()
    for rate in range(1, 200):
        estimate = with_rate(estimate, float(rate))
    assert len(estimate.samples) == MOST_SAMPLES
    for nonsense in (0.0, -1.0, float("inf"), float("nan")):
        assert with_rate(estimate, nonsense) == estimate


@pytest.mark.parametrize("samples", [(), (RATE,) * 9, (4_000.0, 6_000.0, 9_000.0)])
def test_a_cap_leaves_of_what_is_believed_what_is_below_it(samples: tuple[float, ...]) -> None:
    believed = Estimate(samples=samples, up=0.8)

    assert believed.capped(None) == believed.capped(1e9) == believed
    for cap in (20_000.0, 5_000.0, 1_000.0):
        capped = believed.capped(cap)
        assert capped.rate == min(believed.rate, cap)
        assert capped.expected == capped.rate * 0.8
        low = believed.safe / believed.up / (0.5 + believed.up / 2)
        assert capped.safe == pytest.approx(min(low, cap) * 0.8 * 0.9)
