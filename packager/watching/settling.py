"""How long a folder must be quiet before it is built.

A file that was seen to grow after a pause may pause as long again: it must be quiet for twice its
longest pause. After a build that is so only of large ones; small ones are edited.
"""

from dataclasses import dataclass, field
from typing import Final

from packager.reading import Signature
from packager.watching.snapshot import Snapshot

PATIENCE: Final = 600.0
"""Seconds after which what does not change any more counts as finished, whatever it looks like."""
_PAUSES: Final = 2.0
_EDITED_BYTES: Final = 1024 * 1024


@dataclass
class Settling:
    """A folder that is looked at again and again.

    Attributes:
        quiet: seconds for which nothing may change.
        seen: what was in it when it was last looked at.
    """

    quiet: float
    seen: Snapshot = field(default_factory=dict)
    _changed: dict[str, float] = field(default_factory=dict)
    _pauses: dict[str, float] = field(default_factory=dict)

    def look(self, now: float, found: Snapshot) -> None:
        """Note what is in the folder.

        Args:
            now: seconds of a clock that never goes back.
            found: what is in it.
        """
        for path in self.seen.keys() | found.keys():
            was, is_now = self.seen.get(path), found.get(path)
            if was == is_now:
                continue
            pause = now - self._changed.get(path, now)
            if was and is_now and _has_grown(was, is_now) and pause <= PATIENCE:
                self._pauses[path] = max(pause, self._pauses.get(path, 0.0))
            self._changed[path] = now
        self.seen = found
        for path in [path for path, at in self._changed.items() if now - at > 2 * PATIENCE]:
            del self._changed[path]
            self._pauses.pop(path, None)

    def built(self) -> None:
        """Note that what was seen last was built, or tried to."""
        for path, one in self.seen.items():
            if one.size < _EDITED_BYTES:
                self._changed.pop(path, None)
                self._pauses.pop(path, None)

    def left(self, now: float) -> tuple[float, str]:
        """Give the seconds for which it must stay quiet, and because of which path."""
        waits = ((at + self.needed(path) - now, path) for path, at in self._changed.items())
        return max(waits, default=(0.0, ""))

    def since(self, now: float, path: str) -> float:
        """Give the seconds since a path changed, as far as was seen."""
        return now - self._changed[path] if path in self._changed else PATIENCE

    def needed(self, path: str) -> float:
        """Give the seconds for which a path may not change."""
        return max(self.quiet, min(_PAUSES * self._pauses.get(path, 0.0), PATIENCE))


def _has_grown(was: Signature, now: Signature) -> bool:
    return now.inode == was.inode and now.size > was.size
