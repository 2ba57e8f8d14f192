"""What this node gives to other nodes of the network: a list, metadata, releases, blobs.

Raw, as they were verified here. Whoever takes them verifies them anew.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cache.agent_reader import AgentReader
from cache.blobs import BlobStore
from cache.catalogue_sharing import SharingReader
from cache.clock import Clock
from cache.state import StateDirectory
from core.codec import json_decoder
from core.digest import Digest, digest_of
from core.peers import FACT, PeerList, Share, decode_announcement, encode_list, still_coming

T = TypeVar("T")
MOST_BLOBS: Final = 4
"""How many blobs are given at once: classes that watch need the card and the network more."""
_LARGEST_METADATA: Final = 256 * 1024
_SHARES_SECONDS: Final = 2.0


class _Signed(msgspec.Struct):
    version: int


class _Envelope(msgspec.Struct):
    signed: _Signed


class Sharing:
    """What other nodes may take.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
    """

    def __init__(self, state: StateDirectory, clock: Clock) -> None:
        self._clock = clock
        self._trust = state.trust / "current"
        self._reader = SharingReader(state.catalogue)
        self._agent = AgentReader(state.agent)
        self._blobs = BlobStore(state.blobs)
        # One of its own: other nodes that ask much delay no page.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sharing")
        self._shares: dict[str, Share] = {}
        self._shares_at: float | None = None
        self._giving = 0

    async def list(self) -> bytes:
        """Give the list of what is here, as it stood some seconds ago, and what comes.

        Raises:
            UnavailableError: the catalogue is being repaired.
        """
        return await self._do(self._read_list)

    async def metadata(self, role: str, version: int | None) -> bytes | None:
        """Give a role's file as it was verified, at a version; None when that is not here."""
        return await self._do(lambda: self._read_metadata(role, version))

    async def target(self, digest: Digest) -> bytes | None:
        """Give a release or an assignment; None when it is not here."""
        path = self._trust / "releases" / digest
        data = await self._do(lambda: _read(path))
        return data if data is not None and digest_of(data) == digest else None

    async def blob(self, digest: Digest) -> Path | None:
        """Say where a blob lies that others may have; None when there is none.

        Raises:
            UnavailableError: the catalogue is being repaired.
        """
        return await self._do(lambda: self._find_blob(digest))

    def begin(self) -> bool:
        """Begin to give a blob; say no when enough are being given already."""
        if self._giving >= MOST_BLOBS:
            return False
        self._giving += 1
        return True

    def end(self) -> None:
        """Note that a blob was given."""
        self._giving -= 1

    def close(self) -> None:
        """End the thread and close the catalogue."""
        self._thread.submit(self._reader.close)
        self._thread.shutdown()

    def _read_list(self) -> bytes:
        # Never old: by what nodes tell each other first they agree who goes first.
        said = decode_announcement(self._agent.fact(FACT))
        clock = self._clock
        now = clock.monotonic()
        if self._shares_at is None or now - self._shares_at >= _SHARES_SECONDS:
            # Counts every lesson, and may be asked for by anybody.
            self._shares, self._shares_at = self._reader.shares(), now
        return encode_list(
            PeerList(
                node=said.node,
                hub=said.hub,
                timestamp=_version(_read(self._trust / "metadata" / "timestamp.json")) or 0,
                packs=self._shares,
                coming=still_coming(said, now, clock.boot_id()),
            )
        )

    def _read_metadata(self, role: str, version: int | None) -> bytes | None:
        folder = self._trust / "metadata"
        if role == "root":
            return _read(folder / "root_history" / f"{version}.root.json")
        data = _read(folder / f"{role}.json")
        # Of each role the newest file alone is kept.
        return data if version is None or _version(data) == version else None

    def _find_blob(self, digest: Digest) -> Path | None:
        if not self._reader.is_given(digest) or not self._blobs.has(digest):
            return None
        return self._blobs.path(digest)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _read(path: Path) -> bytes | None:
    """Read a small file; None when it is not here, or cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        data = file.read(_LARGEST_METADATA + 1)
        return data if len(data) <= _LARGEST_METADATA else None
    return None


def _version(data: bytes | None) -> int | None:
    """Give the version that a role's file says it has."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return json_decoder(_Envelope).decode(data or b"").signed.version
    return None
