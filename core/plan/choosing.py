"""Which lessons can be in time, and which of them in a better rendition.

Time is counted in bytes here: a deadline is what the line brings until then, so that hours and
budgets need no thought. Most lessons are in time when, of those due so far, the largest is given
up whenever they do not all fit (Moore and Hodgson, 1968).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import inf
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
_ABOUT: Final = 0.8
"""What is due after this share of the bytes is due about then: lines are not known that well."""


class Job(NamedTuple, Generic[T]):
    """Something that must have travelled until a point.

    Attributes:
        what: whatever the caller knows it by.
        size: bytes on the wire.
        due: bytes that the line brings until it is needed.
        else_: the same for a later point, which is tried when this one is missed.
    """

    what: T
    size: float
    due: float
    else_: "Job[T] | None" = None


def in_time(jobs: Iterable[Job[T]], before: float) -> tuple[list[Job[T]], list[Job[T]]]:
    """Choose as many jobs as can be in time; give them and the others, each by what is due first.

    Args:
        jobs: what is to be done.
        before: bytes that travel before all of them.
    """
    tried = list(jobs)
    while True:
        kept, late = _in_time_once(tried, before)
        if not any(job.else_ for job in late):
            return _small_ones_first(kept, before), late
        tried = [*kept, *(job.else_ or job for job in late)]


def _in_time_once(jobs: Iterable[Job[T]], before: float) -> tuple[list[Job[T]], list[Job[T]]]:
    ordered = sorted(jobs, key=lambda one: one.due)
    largest: list[tuple[float, int]] = []
    dropped: set[int] = set()
    sum_ = before
    for number, job in enumerate(ordered):
        heappush(largest, (-job.size, number))
        sum_ += job.size
        if sum_ > job.due:
            size, last = heappop(largest)
            sum_ += size
            dropped.add(last)
    kept = [job for number, job in enumerate(ordered) if number not in dropped]
    late = [job for number, job in enumerate(ordered) if number in dropped]
    return kept, late


def _small_ones_first(kept: list[Job[T]], before: float) -> list[Job[T]]:
    """Put small jobs before large ones that are due about then, where all stay in time.

    Should the line bring less than is thought, fewer are missed then.

    Args:
        kept: jobs that are in time, by what is due first.
        before: bytes that travel before all of them.
    """
    left, last_first = list(kept), []
    total = before + sum(job.size for job in kept)
    while left:
        least = max(total, _ABOUT * left[-1].due)
        place = len(left) - 1
        for number in range(len(left) - 1, -1, -1):
            if left[number].due < least:
                break
            if left[number].size > left[place].size:
                place = number
        job = left.pop(place)
        total -= job.size
        last_first.append(job)
    return last_first[::-1]


class Weave(Generic[T]):
    """A sequence of jobs into which others are woven where none comes too late.

    Args:
        jobs: by what is due first; what is never due stays where it is.
        before: bytes that travel before all of them.
    """

    def __init__(self, jobs: Iterable[Job[T]], before: float) -> None:
        self._order: list[tuple[float, Job[T]]] = []
        self._before = before
        reached = 0.0
        for job in jobs:
            reached = max(reached, job.due) if job.due < inf else reached
            self._order.append((reached, job))

    def add_soon(self, jobs: Sequence[Job[T]]) -> None:
        """Weave jobs in together, as early as they make none late that is not late already.

        Args:
            jobs: what is never due, and comes behind what was woven in so before.
        """
        size = sum(job.size for job in jobs)
        done = self._before + sum(job.size for _, job in self._order)
        place = len(self._order)
        for number in range(len(self._order) - 1, -1, -1):
            job = self._order[number][1]
            if job.due == inf or done <= job.due < done + size:
                break
            done -= job.size
            place = number
        key = self._order[place - 1][0] if place else 0.0
        self._order[place:place] = [(key, job) for job in jobs]

    def add(self, job: Job[T], after: float) -> bool:
        """Weave a job in, behind all that is due until a point; say whether it could be done.

        Args:
            job: what is to be added; it is not when it, or any job behind it, were too late.
            after: bytes: what is due until then comes first.
        """
        place = bisect_right(self._order, after, key=lambda one: one[0])
        done = self._before + sum(one.size for _, one in self._order[:place]) + job.size
        if done > job.due:
            return False
        for _, one in self._order[place:]:
            done += one.size
            if done > one.due:
                return False
        self._order.insert(place, (after, job))
        return True

    def jobs(self) -> list[Job[T]]:
        """Give the jobs in order."""
        return [job for _, job in self._order]
