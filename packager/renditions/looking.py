"""Looking at videos, several at a time."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Final, TypeVar

from packager.media.children import Children, Outcome, Task
from packager.media.facts import Request
from packager.reading import Found

T = TypeVar("T")
Progress = Callable[[int], None]
Phases = Callable[[str, int], AbstractContextManager[Progress]]

MOST_AT_ONCE: Final = min(8, os.cpu_count() or 1)


class Counting:
    """Turns the share that is done of something into the counts that a phase is told.

    Those who work side by side may tell at once.
    """

    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, total: int, progress: Progress) -> None:
        """Count up to ``total``."""
        self._total = total
        self._progress = progress
        self._told = 0

    def tell(self, share: float) -> None:
        """Take a share; one that goes back counts for nothing."""
        now = int(self._total * share)
        with self._lock:
            if now > self._told:
                self._progress(now - self._told)
                self._told = now


def look(videos: Mapping[T, Found], phases: Phases) -> Iterator[Outcome[T]]:
    """Look at videos, and give what was found as it comes.

    Args:
        videos: by whatever the caller knows them by.
        phases: told of the progress.
    """
    if not videos:
        return
    total = sum(found.signature.size for found in videos.values())
    with phases("Looking at videos", total) as progress:
        counts = {key: Counting(found.signature.size, progress) for key, found in videos.items()}
        tasks = [
            Task(key, Request(file=str(found.source), name=found.path), counts[key].tell)
            for key, found in videos.items()
        ]
        for outcome in Children(MOST_AT_ONCE).run(tasks):
            counts[outcome.key].tell(1.0)
            yield outcome
