"""Trying again within one run: at once after progress, less and less often without.

A line that is cut every ten seconds still brings a pack home in one run, and loses no time
beside what a new connection takes; one that is down ends the run soon, and the agent decides
when to begin the next.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from core.backoff import retry_delay
from sync.events import Traffic
from sync.source import Document, Foreseeing, Source, SourceError

MOST_FAILURES: Final = 4
_LEAST_PROGRESS: Final = 1024
# More than a try costs by far: whoever goes on at once wastes nothing.
_WORTH_A_TRY: Final = 4096
_LARGEST_DELAY: Final = 20.0
# An upstream that asks for so few seconds is waited for within the run.
_SHORT_WAIT: Final = 20.0


class Persistence:
    """Counts failures in a row.

    Args:
        chance: gives a uniform random number in [0, 1).
        sleep: waits for some seconds.
        alive: called before each wait, to tell whoever watches that the run goes on.
        faltered: told of a failure that came without progress and is borne all the same, so that
            whoever watches knows that the line is away just now.
    """

    def __init__(
        self,
        chance: Callable[[], float],
        sleep: Callable[[float], None],
        alive: Callable[[], None],
        faltered: Callable[[SourceError], None] = lambda _: None,
    ) -> None:
        self._faltered = faltered
        self._chance = chance
        self._sleep = sleep
        self._alive = alive
        self._failures = 0
        self._came = 0

    def progressed(self, count: int) -> None:
        """Note bytes that came."""
        self._came += count

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Swallow a failure of the line, after a wait if little came, unless it lasts.

        Raises:
            SourceError: it lasts, or nothing came for some tries.
        """
        self._came = 0
        try:
            yield
        except SourceError as error:
            # Some bytes a connection would keep it going for ever.
            progress = self._came >= _LEAST_PROGRESS
            if error.retry_after > _SHORT_WAIT or not (progress or _may_pass(error)):
                raise
            self._failures = 1 if progress else self._failures + 1
            if self._failures >= MOST_FAILURES:
                raise
            self._alive()
            # What is wrong with one file says nothing of the line.
            if not progress and not error.is_of_the_file:
                self._faltered(error)
            if self._came < _WORTH_A_TRY or error.retry_after:
                self._wait(error)
        else:
            self._failures = 0

    def _wait(self, error: SourceError) -> None:
        delay = retry_delay(self._failures, self._chance(), largest=_LARGEST_DELAY)
        self._sleep(max(delay / 2, error.retry_after))


def _may_pass(error: SourceError) -> bool:
    """Say whether another try in a moment may change it."""
    return error.reaction == "again" or bool(error.retry_after)


class PersistentSource:
    """A source whose small files are asked for again when the line breaks.

    Args:
        source: the upstream.
        persistence: how failures of the line are borne.
    """

    def __init__(self, source: Source, persistence: Persistence) -> None:
        self._source = source
        self._persistence = persistence

    @property
    def name(self) -> str:
        """What to call it to a person."""
        return self._source.name

    def read(self, path: str, limit: int) -> bytes:
        """Read a whole small file."""
        while True:
            with self._persistence.attempt():
                return self._source.read(path, limit)

    def poll(self, path: str, limit: int, validator: str) -> Document | None:
        """Read a small file, or give None when it still is as ``validator`` says."""
        while True:
            with self._persistence.attempt():
                return self._source.poll(path, limit, validator)

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give the bytes of a range as they come; whoever reads them resumes."""
        return self._source.open_range(path, start, stop)

    def foresee(self, path: str, ranges: Sequence[tuple[int, int]]) -> None:
        """Tell what is asked for after the next range, where the source cares."""
        if isinstance(self._source, Foreseeing):
            self._source.foresee(path, ranges)

    def traffic(self) -> Traffic:
        """Give the bytes moved so far."""
        return self._source.traffic()

    def close(self) -> None:
        """Let go of the upstream."""
        self._source.close()
