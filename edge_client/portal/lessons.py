"""What the pages ask of the catalogue and the blobs, without holding up the event loop.

Questions run on one thread of their own: a slow card delays a page, never a video that plays.
Searches have another one, so that a class that searches does not delay those that open lessons.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from cache.blobs import BlobStore
from cache.catalogue_reader import (
    CatalogueFile,
    CatalogueHit,
    CatalogueItem,
    CataloguePack,
    CatalogueReader,
    CatalogueRendition,
)
from cache.databases import DamagedError
from cache.journal_pins import pinned
from cache.state import StateDirectory
from core.cues import Cue
from core.digest import Digest
from core.errors import UnavailableError
from core.kinds import MEDIA_TYPES, OCTET_STREAM

T = TypeVar("T")
_KNOWN_TYPES: Final = frozenset(MEDIA_TYPES.values())
# How long a blob may be served without asking again whether some item still names it, seconds.
TRUST_SECONDS: Final = 2.0
_MOST_REMEMBERED: Final = 1000
MOST_SEARCHES: Final = 60
"""How many searches may wait at once: those of a class."""


class Lessons:
    """The node's packs, items and files, read only."""

    def __init__(self, state: StateDirectory, *, trust_seconds: float = TRUST_SECONDS) -> None:
        self._state = state
        self._reader = CatalogueReader(state.catalogue)
        self._blobs = BlobStore(state.blobs)
        self._manifests = state.manifests
        self._trust_seconds = trust_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalogue")
        self._search_reader = CatalogueReader(state.catalogue)
        self._search_thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._searching = 0
        self._types: dict[str, tuple[float, str | None]] = {}

    async def packs(self) -> list[CataloguePack]:
        """Give all packs.

        Raises:
            UnavailableError: the catalogue is being repaired.
        """
        return await self._ask(self._reader.packs)

    async def pack(self, pack: str) -> CataloguePack | None:
        """Give one pack, or None; raises as ``packs``."""
        return await self._ask(lambda: self._reader.pack(pack))

    async def has_packs(self) -> bool:
        """Say whether there is any pack; raises as ``packs``."""
        return await self._ask(self._reader.has_packs)

    async def items(self, pack: str, first: int, count: int) -> list[CatalogueItem]:
        """Give ``count`` of a pack's items in teaching order; raises as ``packs``."""
        return await self._ask(lambda: self._reader.items(pack, first, count))

    async def around(self, pack: str, item: str) -> list[CatalogueItem]:
        """Give an item between its neighbours; nothing when there is none; raises as ``packs``."""
        return await self._ask(lambda: self._reader.around(pack, item))

    async def item(self, pack: str, item: str) -> CatalogueItem | None:
        """Give one item, or None; raises as ``packs``."""
        return await self._ask(lambda: self._reader.item(pack, item))

    async def files(self, pack: str, item: str) -> list[CatalogueFile]:
        """Give the files of a served item by path; raises as ``packs``."""
        return await self._ask(lambda: self._reader.files(pack, item))

    async def renditions(self, pack: str, item: str) -> list[CatalogueRendition]:
        """Give the renditions of a served item, best first; raises as ``packs``."""
        return await self._ask(lambda: self._reader.renditions(pack, item))

    async def cues(self, pack: str, item: str) -> list[Cue]:
        """Give the marked points of a served item in order; raises as ``packs``."""
        return await self._ask(lambda: self._reader.cues(pack, item))

    async def search(self, query: str, limit: int) -> list[CatalogueHit] | None:
        """Give what a query finds; None when too many search already; raises as ``packs``."""
        if self._searching >= MOST_SEARCHES:
            return None
        self._searching += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._search_thread, lambda: self._search_reader.search(query, limit)
            )
        finally:
            self._searching -= 1

    async def file(self, pack: str, item: str, path: str) -> CatalogueFile | None:
        """Give one file of a served item, or None; raises as ``packs``."""
        return await self._ask(lambda: self._reader.file(pack, item, path))

    async def served_type(self, digest: str) -> str | None:
        """Give the media type of a blob that some served item names, or None.

        What a class or a channel plays is served on after a newer version has taken its place,
        until it is withdrawn. While the catalogue is being repaired, what was served a moment ago
        is served on.

        Raises:
            UnavailableError: the catalogue is being repaired, and the blob is not known.
        """
        now = asyncio.get_running_loop().time()
        at, known = self._types.get(digest, (0.0, None))
        if known is not None and now - at < self._trust_seconds:
            return known
        try:
            found = await self._ask(lambda: self._served_type(digest))
        except UnavailableError:
            if known is None:
                raise
            return known
        self._types.pop(digest, None)
        if found is None:
            return None
        if len(self._types) >= _MOST_REMEMBERED:
            self._types.pop(next(iter(self._types)))
        self._types[digest] = now, safe_type(found)
        return self._types[digest][1]

    def path(self, digest: Digest) -> Path:
        """Say where a blob lies."""
        return self._blobs.path(digest)

    async def has(self, digest: Digest) -> bool:
        """Say whether a blob is here."""
        return await asyncio.to_thread(self._blobs.has, digest)

    async def updated(self) -> float | None:
        """Give when lessons last came or changed, Unix seconds; None for never."""
        return await self._ask(self._updated)

    def close(self) -> None:
        """End the threads and close the catalogue."""
        self._thread.submit(self._reader.close)
        self._search_thread.submit(self._search_reader.close)
        self._thread.shutdown()
        self._search_thread.shutdown()

    def _served_type(self, digest: str) -> str | None:
        found = self._reader.digest_served(digest)
        if found is None:
            # Asked for seldom: the journal is opened anew for it.
            with suppress(DamagedError):
                if digest in pinned(self._state):
                    found = self._reader.digest_pinned(digest)
        return found

    def _updated(self) -> float | None:
        try:
            return self._manifests.stat().st_mtime
        except OSError:
            return None

    async def _ask(self, question: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)


def safe_type(media_type: str) -> str:
    """Give a media type of a pack back only if it is a known one: it becomes a header."""
    return media_type if media_type in _KNOWN_TYPES else OCTET_STREAM
