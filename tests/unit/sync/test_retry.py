"""Trying again within one run: no time lost after progress, no spinning without."""

import copy
from typing import get_args

import pytest

from sync.faults import REACTIONS, Fault
from sync.pull.retry import MOST_FAILURES, Persistence
from sync.source import SourceError


class World:
    """Counts waits; nobody waits."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.alive = 0
        self.faltered: list[SourceError] = []
        self.persistence = Persistence(
            lambda: 0.5, self.slept.append, self._live, self.faltered.append
        )

    def _live(self) -> None:
        self.alive += 1

    def fail(self, fault: Fault, came: int = 0, retry_after: float = 0.0) -> None:
        with self.persistence.attempt():
            self.persistence.progressed(came)
            raise SourceError("Broken.", fault=fault, retry_after=retry_after)


def test_every_fault_has_a_reaction() -> None:
    assert set(REACTIONS) == set(get_args(Fault))


def test_after_progress_it_goes_on_at_once_however_often_the_line_is_cut() -> None:
    world = World()
    for _ in range(100):
        world.fail("cut", came=10_000)
    assert world.slept == []
    assert world.alive == 100


def test_after_little_progress_it_waits_a_moment_and_never_gives_up() -> None:
    world = World()
    for _ in range(100):
        world.fail("cut", came=2000)
    assert all(0.5 <= one <= 1 for one in world.slept)
    assert len(world.slept) == 100


def test_without_progress_it_waits_longer_and_longer_and_then_gives_up() -> None:
    world = World()
    for _ in range(MOST_FAILURES - 1):
        world.fail("stalled", came=100)
    assert world.slept == sorted(world.slept)
    assert world.slept[-1] > 2 * world.slept[0]
    with pytest.raises(SourceError):
        world.fail("stalled", came=100)


def test_a_success_begins_the_count_anew() -> None:
    world = World()
    for _ in range(10):
        world.fail("cut")
        with world.persistence.attempt():
            pass
    assert max(world.slept) <= 1


@pytest.mark.parametrize("fault", [one for one, what in REACTIONS.items() if what != "again"])
def test_what_a_moment_cannot_change_is_not_tried_again(fault: Fault) -> None:
    world = World()
    with pytest.raises(SourceError):
        world.fail(fault)
    assert world.slept == []


def test_a_short_wait_that_is_asked_for_is_kept_within_the_run() -> None:
    world = World()
    world.fail("busy", retry_after=7)
    assert world.slept == [7]
    with pytest.raises(SourceError):
        world.fail("busy", came=10_000, retry_after=600)
    assert world.slept == [7]


def test_an_error_survives_pickling_with_all_it_says() -> None:
    error = SourceError("{name} waits.", hint="{name}.", fault="busy", retry_after=9, name="x")
    again = copy.copy(error)
    assert (str(again), again.hint, again.fault, again.retry_after) == ("x waits.", "x.", "busy", 9)


def test_a_line_that_is_away_is_told_at_the_first_try_that_brings_nothing() -> None:
    world = World()
    world.fail("cut", came=10_000)
    assert world.faltered == []
    world.fail("stalled")
    assert [str(one) for one in world.faltered] == ["Broken."]
