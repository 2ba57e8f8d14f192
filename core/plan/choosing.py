"""Which lessons can be in time, and which of them in a better rendition.

Time is counted in bytes here: a deadline is what the line brings until then, so that hours and
budgets need no thought. Most lessons are in time when, of those due so far, the largest is given
up whenever they do not all fit (Moore and Hodgson, 1968).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Job(NamedTuple, Generic[T]):
    """Something that must have travelled until a point.

    Attributes:
        what: whatever the caller knows it by.
        size: bytes on the wire.
        due: bytes that the line brings until it is needed.
    """

    what: T
    size: float
    due: float


def in_time(jobs: Iterable[Job[T]], before: float) -> tuple[list[Job[T]], list[Job[T]]]:
    """Choose as many jobs as can be in time; give them and the others, each by what is due first.

    Args:
        jobs: what is to be done.
        before: bytes that travel before all of them.
    """
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


class Weave(Generic[T]):
    """A sequence of jobs into which better ones are woven where none comes too late.

    Args:
        kept: jobs that are in time, by what is due first.
        before: bytes that travel before all of them.
    """

    def __init__(self, kept: Sequence[Job[T]], before: float) -> None:
        self._order: list[tuple[float, Job[T]]] = [(job.due, job) for job in kept]
        self._before = before

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
