"""What teachers added to lessons at this school: kept, counted and bounded.

Rules:
    - A file is received in pieces, never in memory, and counts once it is durable and has a row.
    - At most 50 MB each, 500 MB and 500 files in all. What was taken away can be put back until
      its room is needed.
    - The disk's floor stays free.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cache import journal_own
from cache.clock import Clock
from cache.journal import Opening
from cache.journal_own import OwnFile
from cache.own_store import OwnStore, Upload
from cache.space import reserve
from cache.state import StateDirectory
from core.errors import ExhaustedError, PackhorseError, UsageError
from core.text import human_bytes
from edge_client.portal.usage_log import UsageLog


def N_(text: str) -> str:  # noqa: N802 - gettext's customary mark for texts that wait
    """Mark a text for translation."""
    return text


_LOG: Final = logging.getLogger(__name__)
T = TypeVar("T")
MOST_BYTES: Final = 50 * 1000 * 1000
MOST_BYTES_IN_ALL: Final = 500 * 1000 * 1000
MOST_FILES: Final = 500
MOST_UPLOADS: Final = 4
_NAME_BYTES: Final = 16
_SPACE_EVERY: Final = 4 * 1024 * 1024


class OwnShelf:
    """The files.

    Args:
        state: the node's state directory.
        clock: dates them.
        usage: the hand on the journal.
        disk_floor: bytes that stay free; None for the usual share of the disk.
    """

    def __init__(
        self,
        state: StateDirectory,
        clock: Clock,
        usage: UsageLog,
        *,
        disk_floor: int | None = None,
    ) -> None:
        self._state = state
        self._clock = clock
        self._usage = usage
        self._disk_floor = disk_floor
        self._store = OwnStore(state)
        self._files: dict[str, OwnFile] = {}
        self._coming: dict[str, int] = {}
        self._is_loaded = False
        usage.when_open(self._load)
        usage.when_first_open(self._begin)

    def all(self) -> list[OwnFile]:
        """Give all files, those taken away included, oldest first."""
        return list(self._files.values())

    def of(self, pack: str, item: str) -> list[OwnFile]:
        """Give the files of a lesson, oldest first."""
        return [
            one
            for one in self._files.values()
            if (one.pack, one.item) == (pack, item) and one.removed is None
        ]

    def get(self, name: str) -> OwnFile | None:
        """Give a file that is shown, or None."""
        one = self._files.get(name)
        return one if one and one.removed is None else None

    @property
    def used(self) -> int:
        """Bytes of the files that are shown."""
        return sum(one.size for one in self._files.values() if one.removed is None)

    def path(self, name: str) -> Path:
        """Say where a file lies."""
        return self._store.path(name)

    async def has(self, one: OwnFile) -> bool:
        """Say whether a file is here as it was received."""
        return await asyncio.to_thread(self._store.size, one.id) == one.size

    async def add(self, draft: OwnFile, chunks: AsyncIterator[bytes]) -> OwnFile:
        """Receive a file and keep it.

        Args:
            draft: its row, without id, size and digest.
            chunks: its bytes.

        Raises:
            UsageError: it is empty, or too many come at once.
            ExhaustedError: it is too large, or there is no room for it.
            UnavailableError: it cannot be kept now.
        """
        if len(self._coming) >= MOST_UPLOADS:
            raise UsageError(
                N_("Other files are being added at this moment."),
                hint=N_("Try again when they are done."),
            )
        name = secrets.token_hex(_NAME_BYTES)
        self._coming[name] = 0
        try:
            upload = await _on_disk(lambda: self._store.begin(name))
            try:
                await self._receive(name, upload, chunks)
            except BaseException:
                # Also when the browser goes, or the portal ends.
                await asyncio.shield(_abandon(upload))
                raise
            # To its end, whoever waits for it: a row without its file would be wrong.
            return await asyncio.shield(self._keep(draft, name, upload))
        finally:
            del self._coming[name]

    async def take_away(self, name: str) -> None:
        """Take a file away; it can be put back for some time."""
        await self._mark(name, self._clock.wall().timestamp())

    async def put_back(self, name: str) -> None:
        """Put a file back that was taken away, if it is there still."""
        await self._mark(name, None)

    async def _receive(self, name: str, upload: Upload, chunks: AsyncIterator[bytes]) -> None:
        measured = 0
        async for chunk in chunks:
            size = upload.size + len(chunk)
            if size > MOST_BYTES:
                raise ExhaustedError(
                    N_("The file is too large: at most {most} are taken."),
                    most=human_bytes(MOST_BYTES),
                )
            self._coming[name] = size
            await self._make_room()
            if size >= measured:
                measured = size + _SPACE_EVERY
                await _on_disk(self._require_space)
            await _on_disk(lambda chunk=chunk: upload.write(chunk))  # type: ignore[misc] # bound now
        if not upload.size:
            raise UsageError(N_("The file is empty."))

    async def _keep(self, draft: OwnFile, name: str, upload: Upload) -> OwnFile:
        try:
            digest = await _on_disk(upload.finish)
            one = msgspec.structs.replace(draft, id=name, size=upload.size, digest=digest)
            await self._usage.change(lambda file: journal_own.keep_own(file, one))
        except PackhorseError:
            await _abandon(upload)
            raise
        self._files = {**self._files, name: one}
        return one

    async def _make_room(self) -> None:
        """Let files that were taken away give way to those that come.

        Raises:
            ExhaustedError: there is no room.
        """
        while self._is_full():
            gone = [one for one in self._files.values() if one.removed is not None]
            if not gone:
                raise ExhaustedError(
                    N_("The school's shelf is full: at most {count} files of {most} together."),
                    hint=N_("Remove files that are no longer needed."),
                    count=MOST_FILES,
                    most=human_bytes(MOST_BYTES_IN_ALL),
                )
            oldest = min(gone, key=lambda one: one.removed or 0.0)
            await self._usage.change(lambda file: journal_own.forget_own(file, [oldest.id]))  # noqa: B023 - done before the next turn
            self._files = {key: one for key, one in self._files.items() if one is not oldest}
            await _on_disk(lambda: self._store.remove(oldest.id))  # noqa: B023 - the same

    def _is_full(self) -> bool:
        size = sum(one.size for one in self._files.values()) + sum(self._coming.values())
        return size > MOST_BYTES_IN_ALL or len(self._files) + len(self._coming) > MOST_FILES

    def _require_space(self) -> None:
        reserve(self._state.root, _SPACE_EVERY, what="files of teachers", floor=self._disk_floor)

    async def _mark(self, name: str, removed: float | None) -> None:
        one = self._files.get(name)
        if one is None:
            return
        await self._usage.change(lambda file: journal_own.mark_own(file, name, removed))
        self._files = {**self._files, name: msgspec.structs.replace(one, removed=removed)}

    def _load(self) -> None:
        with suppress(PackhorseError):
            self._files = {one.id: one for one in journal_own.own_files(self._state.journal)}
            self._is_loaded = True

    def _begin(self, opening: Opening) -> None:
        """Sweep what a killed portal left, but only knowing all that is to stay."""
        with suppress(PackhorseError):
            if self._is_loaded:
                self._store.sweep([*self._files, *self._coming], set_aside=bool(opening.damage))


async def _abandon(upload: Upload) -> None:
    """Remove what was received; what a broken disk keeps is swept at the next start."""
    with suppress(PackhorseError):
        await asyncio.to_thread(upload.abandon)


async def _on_disk(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except ExhaustedError as error:
        _LOG.warning("a teacher's file cannot be kept: %s", error)
        raise ExhaustedError(
            N_("The node's disk has no room for more files."),
            hint=N_("Tell the technician; lessons and classes go on."),
        ) from error
