"""No choice of lessons has more of them in time, and what is woven in makes none late."""

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from core.plan.choosing import Job, Weave, in_time

sizes = st.integers(1, 30)
before = st.integers(0, 30)


@st.composite
def jobs(draw: st.DrawFn) -> list[Job[int]]:
    """Give some jobs, a few of which have a second chance."""
    found: list[Job[int]] = []
    for number in range(draw(st.integers(0, 8))):
        size, due = draw(sizes), draw(st.integers(0, 100))
        again = draw(st.integers(-60, 40))
        later = Job(number, size, due + again) if again > 0 else None
        found.append(Job(number, size, due, later))
    return found


def are_in_time(chosen: Sequence[Job[int]], begin: float) -> bool:
    done = begin
    for job in chosen:
        done += job.size
        if done > job.due:
            return False
    return True


def most(all_of_them: Sequence[Job[int]], begin: float) -> int:
    """Give the most jobs that can be in time, by trying every choice."""
    for count in range(len(all_of_them), 0, -1):
        for chosen in combinations(sorted(all_of_them, key=lambda one: one.due), count):
            if are_in_time(chosen, begin):
                return count
    return 0


@given(jobs(), before)
def test_as_many_as_can_be_are_in_time(given_jobs: list[Job[int]], begin: int) -> None:
    once = [job._replace(else_=None) for job in given_jobs]

    kept, late = in_time(once, begin)

    assert sorted(job.what for job in [*kept, *late]) == list(range(len(once)))
    assert are_in_time(kept, begin)
    assert len(kept) == most(once, begin)


@given(jobs(), before)
def test_a_second_chance_is_taken_and_costs_no_other_its_first(
    given_jobs: list[Job[int]], begin: int
) -> None:
    once = [job._replace(else_=None) for job in given_jobs]

    kept, late = in_time(given_jobs, begin)

    assert sorted(job.what for job in [*kept, *late]) == list(range(len(given_jobs)))
    assert are_in_time(kept, begin)
    assert len(kept) >= most(once, begin)


@given(jobs(), before)
def test_of_what_is_due_at_the_same_time_the_small_ones_come_first(
    given_jobs: list[Job[int]], begin: int
) -> None:
    kept, _ = in_time([job._replace(due=90, else_=None) for job in given_jobs], begin)

    assert [job.size for job in kept] == sorted(job.size for job in kept)


@given(jobs(), before, sizes, st.integers(0, 100), st.integers(0, 100))
def test_what_is_woven_in_makes_nothing_late(
    given_jobs: list[Job[int]], begin: int, size: int, due: int, after: int
) -> None:
    kept, _ = in_time(given_jobs, begin)
    weave = Weave(kept, begin)

    is_woven = weave.add(Job(99, size, due), after)

    assert are_in_time(weave.jobs(), begin)
    assert (99 in [job.what for job in weave.jobs()]) == is_woven
    if not is_woven and not kept:
        assert begin + size > due


@given(jobs(), before, st.lists(sizes, min_size=1, max_size=3))
def test_what_is_wished_comes_as_early_as_it_makes_nothing_late(
    given_jobs: list[Job[int]], begin: int, wished: list[int]
) -> None:
    kept, _ = in_time(given_jobs, begin)
    weave = Weave(kept, begin)
    wishes = [Job(100 + number, size, float("inf")) for number, size in enumerate(wished)]

    weave.add_soon(wishes)

    found = weave.jobs()
    place = found.index(wishes[0])
    assert found == [*kept[:place], *wishes, *kept[place:]]
    assert are_in_time(found, begin)
    if place:
        assert not are_in_time([*kept[: place - 1], *wishes, *kept[place - 1 :]], begin)
