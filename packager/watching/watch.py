"""Watching a folder and building its pack whenever it has been quiet; ends by Ctrl-C alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cache.clock import Clock
from core.control import Wording
from packager.watching.bell import LOOK_SECONDS, POLL_SECONDS, Bell
from packager.watching.building import Result, build
from packager.watching.settling import PATIENCE, Settling
from packager.watching.snapshot import Snapshot, snapshot_of
from packager.watching.telling import Teller
from packager.watching.unfinished import (
    CUT_OFF,
    TEMPORARY,
    Unfinished,
    held,
    is_cut_off,
    is_temporary,
)

_STEP_SECONDS: Final = 1.0
# What may be wrong without the folder: a full disk, a repository out of reach.
_AGAIN_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Watched:
    """What is watched, and what it is built with.

    Attributes:
        folder: the folder.
        workspace: the packager's own directory.
        options: of ``pack build``.
        quiet: seconds for which nothing may change.
        poll: whether the system's events are not to be used.
    """

    folder: Path
    workspace: Path
    options: Sequence[str]
    quiet: float
    poll: bool


class Watch:
    """Watches a folder.

    Args:
        watched: what.
        teller: tells the admin.
        build: builds it.
    """

    def __init__(
        self,
        watched: Watched,
        teller: Teller,
        build: Callable[..., Result] = build,
    ) -> None:
        """Prepare; ``run`` does the work."""
        self._watched = watched
        self._tell = teller
        self._build = build
        self._clock = Clock()
        self._settling = Settling(watched.quiet)
        self._built: Snapshot | None = None
        self._failed_at: float | None = None
        self._given_up: set[str] = set()
        self._has_begun = False

    def run(self) -> None:
        """Go on until the person ends it.

        Raises:
            KeyboardInterrupt: they do.
        """
        bell = Bell(self._watched.folder, self._watched.workspace, poll=self._watched.poll)
        how = bell.why
        self._tell.begins(how, POLL_SECONDS)
        while True:
            bell.wait(self.step())
            if bell.why != how:
                how = bell.why
                self._tell.begins(how, POLL_SECONDS)

    def step(self) -> float:
        """Look at the folder, and build it if it is time; give how long to wait then, seconds."""
        now = self._clock.monotonic()
        found = snapshot_of(self._watched.folder)
        self._settling.look(now, found)
        if found == self._built and not self._is_to_try_again(now):
            return LOOK_SECONDS
        left, path = self._settling.left(now)
        if left > 0:
            self._say_settling(path)
            self._has_begun = True
            return min(left, _STEP_SECONDS)
        if unfinished := self._unfinished(now, found):
            self._tell.waits(unfinished)
            return _STEP_SECONDS
        self._do(found)
        return 0

    def _is_to_try_again(self, now: float) -> bool:
        return self._failed_at is not None and now - self._failed_at >= _AGAIN_SECONDS

    def _say_settling(self, path: str) -> None:
        needed = self._settling.needed(path)
        if needed > self._watched.quiet:
            self._tell.pauses(path, needed)
        elif self._has_begun:
            self._tell.settles(path, needed)

    def _unfinished(self, now: float, found: Snapshot) -> Unfinished | None:
        """Give a file that is still being written, if there is one."""
        if one := held(self._watched.folder, set(found)):
            return one
        built = self._built or {}
        for path in sorted(path for path in found if found[path] != built.get(path)):
            why = TEMPORARY if is_temporary(path) else ""
            if not why and is_cut_off(self._watched.folder / path):
                why = CUT_OFF
            if why and self._settling.since(now, path) < PATIENCE:
                return Unfinished(path, why)
            if why and path not in self._given_up:
                self._given_up.add(path)
                self._tell.gives_up(path)
        return None

    def _do(self, found: Snapshot) -> None:
        if self._failed_at is None or found != self._built:
            self._tell.builds()
        result = self._build(self._watched.folder, self._watched.options, self._tell.progresses)
        after = snapshot_of(self._watched.folder)
        now = self._clock.monotonic()
        self._settling.built()
        self._settling.look(now, after)
        if result.data is not None:
            # What changed meanwhile is not in it, or the build would have failed.
            self._built, self._failed_at = found, None
            self._tell.built(result.data)
        elif after == found:
            self._built, self._failed_at = found, now
            self._tell.fails(result.error or Wording(template=""))
