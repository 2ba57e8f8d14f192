"""Telling that something happened in a folder: by the system's events, else by looking often.

Events are only a hint: what counts is what is seen when the folder is looked at, which is done
every minute whatever the events say.
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import watchfiles

from cache.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Generator

POLL_SECONDS: Final = 3.0
"""How often a folder is looked at where the system tells nothing of it."""
LOOK_SECONDS: Final = 60.0
"""How often it is looked at whatever the system tells."""
EVENTS, ASKED, NETWORK, LIMIT = "events", "asked", "network", "limit"
_TICK_MS: Final = 500
_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = {"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ncpfs", "ceph", "glusterfs"}
_USERS: Final = "fuse"


class Bell:
    """Rings when something happens in a folder.

    Args:
        folder: the folder.
        own: the packager's own directory, of which nothing is told.
        poll: whether the system's events are not to be used.

    Attributes:
        why: ``EVENTS``, or why it is looked at often instead.
    """

    def __init__(self, folder: Path, own: Path, *, poll: bool = False) -> None:
        """Prepare."""
        self._folder = folder
        self._own = f"{own.resolve()}{os.sep}"
        self._clock = Clock()
        self._events: Generator[set[Any]] | None = None
        self._inode = 0
        self.why = ASKED if poll else NETWORK if is_on_network(folder) else EVENTS
        if self.why == EVENTS:
            self._listen()

    def wait(self, seconds: float) -> None:
        """Wait until something happens, but no longer than that.

        Raises:
            KeyboardInterrupt: the person wants to end.
        """
        if self.why == EVENTS and _inode_of(self._folder) != self._inode:
            # Another folder has taken its place.
            self._listen()
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            if self._events is None:
                time.sleep(min(left, POLL_SECONDS))
                return
            try:
                if next(self._events):
                    return
            except (OSError, RuntimeError):
                self._fall_back()

    def _listen(self) -> None:
        self._inode = _inode_of(self._folder)
        if not self._inode:
            return
        self._events = watchfiles.watch(
            self._folder.resolve(),
            watch_filter=lambda _, path: not f"{path}{os.sep}".startswith(self._own),
            step=_TICK_MS // 5,
            debounce=_TICK_MS,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            force_polling=False,
            # That would hide that the system watches no more.
            ignore_permission_denied=False,
        )
        try:
            # Only now the system is asked.
            next(self._events)
        except (OSError, RuntimeError):
            self._fall_back()

    def _fall_back(self) -> None:
        self._events = None
        self.why = LIMIT


def is_on_network(folder: Path) -> bool:
    """Whether a folder is on another computer, whose changes the system does not tell."""
    if os.name == "nt":
        return str(folder.resolve()).startswith(("\\\\?\\UNC\\", "\\\\"))
    try:
        lines = _MOUNTS.read_text().splitlines()
    except OSError:
        return False
    place = f"{folder.resolve()}/"
    found = ("", "")
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = before.split()[4].encode().decode("unicode_escape").rstrip("/") + "/"
        if place.startswith(mount) and len(mount) >= len(found[0]):
            found = (mount, after.split()[0])
    kind = found[1]
    return kind in _NETWORK or kind.startswith(_USERS)


def _inode_of(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0
