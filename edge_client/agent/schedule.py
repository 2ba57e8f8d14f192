"""When to poll and when to upload: pure, so that days of bad line fit into a test.

Rules:
    - A poll that succeeded is followed by the next one a poll interval later.
    - A line that failed is tried again with back-off, never later than the interval.
    - What was refused, or had no space, is not tried again before the interval: the same bytes
      would be refused again.
    - Uploads follow a successful poll at once, and their own short interval between polls. What
      the hub refuses of them waits longer and longer: each try costs the whole batch.
    - Other nodes of the network are turned to while nothing may travel by line, and often while
      one of them brings what this node waits for.
    - While hours, switches or budget allow nothing, nothing is due, unless a person asks: then
      the run says why it cannot do anything. When something is allowed again, a poll is due.

Times are monotonic seconds; ``chance`` is a uniform random number in [0, 1).
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from core.backoff import retry_delay
from core.errors import ExitCode

Job = Literal["pull", "upload"]

UPLOAD_SECONDS: Final = 300.0
COMPANY_SECONDS: Final = 60.0
_JITTER: Final = 0.1
# The hours of all schools of a county begin in the same second.
_SPREAD: Final = 60.0
# A hub may ask for patience, but not for ever.
_LONGEST_PATIENCE: Final = 3600.0
_MOST_DOUBLINGS: Final = 10
_LONGEST_REFUSAL: Final = 6 * 3600.0
_WAITS: Final = {ExitCode.REFUSED, ExitCode.EXHAUSTED, ExitCode.USAGE, ExitCode.NO_STATE}


@dataclass(slots=True)
class Schedule:
    """When which job is due.

    Attributes:
        poll_seconds: time between two successful polls.
        next_poll: when to poll next; at once when made.
        next_upload: when to upload next, if there is something to upload.
        is_held: whether nothing may travel just now.
        is_asked: whether a person waits for the next poll.
        has_company: whether there are other nodes that may be turned to.
        waits_for_peer: whether one of them brings what this node needs, or will give it soon.
        next_company: when to turn to them next.
    """

    poll_seconds: float
    next_poll: float = 0.0
    next_upload: float = 0.0
    poll_failures: int = 0
    upload_failures: int = 0
    upload_refused: bool = False
    is_held: bool = False
    is_asked: bool = False
    has_company: bool = False
    waits_for_peer: bool = False
    next_company: float = 0.0

    def ask(self, now: float) -> None:
        """Make both due: a person asked for it."""
        self.hurry(now)
        self.is_asked = True

    def hurry(self, now: float) -> None:
        """Make both due, if anything may travel."""
        self.next_poll = self.next_upload = now

    def heed(self, now: float, chance: float, *, held: bool) -> None:
        """Note whether hours, switches and budget keep everything from travelling."""
        if self.is_held and not held:
            self.next_poll = min(self.next_poll, now + _SPREAD * chance)
        self.is_held = held

    def due(self, now: float, *, backlog: int) -> Job | None:
        """Name the job that is due, the poll first: it tells whether the line is up."""
        if self.is_held and not self.is_asked:
            return None
        if self.next_poll <= now:
            return "pull"
        return "upload" if backlog and self.next_upload <= now else None

    def wait(self, now: float, *, backlog: int) -> float:
        """Give seconds until something is due; any number of them while nothing may be."""
        if self.is_held and not self.is_asked:
            return math.inf
        soonest = min(self.next_poll, self.next_upload) if backlog else self.next_poll
        return max(0.0, soonest - now)

    def polled(self, now: float, exit_code: int, chance: float, retry_after: float = 0.0) -> None:
        """Note how a poll and pull ended; ``retry_after``: seconds that the hub asked to wait."""
        self.is_asked = False
        self.poll_failures = 0 if exit_code == ExitCode.DONE else self.poll_failures + 1
        delay = self._delay(exit_code, self.poll_failures, self.poll_seconds, chance)
        self.next_poll = now + max(delay, _bounded(retry_after))
        if exit_code == ExitCode.DONE and not self.upload_refused:
            self.upload_failures, self.next_upload = 0, now

    def uploaded(self, now: float, exit_code: int, chance: float, retry_after: float = 0.0) -> None:
        """Note how an upload ended."""
        self.upload_failures = 0 if exit_code == ExitCode.DONE else self.upload_failures + 1
        interval = min(UPLOAD_SECONDS, self.poll_seconds)
        self.upload_refused = exit_code == ExitCode.REFUSED
        if self.upload_refused:
            doubled = interval * 2.0 ** min(self.upload_failures - 1, _MOST_DOUBLINGS)
            interval = max(interval, min(doubled, _LONGEST_REFUSAL))
        delay = self._delay(exit_code, self.upload_failures, interval, chance)
        self.next_upload = now + max(delay, _bounded(retry_after))

    def company_is_due(self, now: float) -> bool:
        """Say whether other nodes are to be turned to."""
        wanted = self.is_held or self.waits_for_peer
        return self.has_company and wanted and self.next_company <= now

    def joined(self, now: float, *, waits: bool) -> None:
        """Note that other nodes were turned to, and whether one of them brings something."""
        self.waits_for_peer = waits
        self.next_company = now + (COMPANY_SECONDS if waits else self.poll_seconds)

    @staticmethod
    def _delay(exit_code: int, failures: int, interval: float, chance: float) -> float:
        if exit_code == ExitCode.DONE or exit_code in _WAITS:
            # So that the schools of a county do not all ask in the same second.
            return interval * (1 + _JITTER * (2 * chance - 1))
        return min(interval, retry_delay(failures, chance))


def _bounded(retry_after: float) -> float:
    return min(max(0.0, retry_after), _LONGEST_PATIENCE)
