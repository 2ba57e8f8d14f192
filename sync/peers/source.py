"""Speaking to one other node: its list, its metadata as a source, its blobs.

On the school's network a node answers within seconds or is gone, so little patience is had. To an
address that nobody typed in, packets are sent that no router passes on: a liar on the network can
point nowhere else, and nothing of it travels by line.
"""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Final

import httpx

from core.digest import Digest
from core.peers import LIST_PATH, MAX_LIST_BYTES, MIRROR, PeerList, blob_path, decode_list
from sync.http_client import HttpClient
from sync.http_errors import name_unknown
from sync.http_source import HttpSource
from sync.patience import Patience, Timing
from sync.tls import unused

PATIENCE: Final = Patience(connect=3.0, gap=10.0, stretch=10.0, least_rate=2000.0)
FOUND_RATE: Final = 20_000.0
"""Bytes a second that a node must give which nobody typed in: a person may mean a slow one."""


class PeerSource:
    """One other node.

    Args:
        address: host and port.
        monotonic: gives seconds that only rise.
        is_typed: whether a person has given the address.
        alive: called after each stretch in which enough came.

    Raises:
        SourceError: nobody can have such an address.
    """

    def __init__(
        self,
        address: str,
        monotonic: Callable[[], float],
        *,
        is_typed: bool,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        patience = PATIENCE if is_typed else replace(PATIENCE, least_rate=FOUND_RATE)
        timing = Timing(monotonic, lambda _: None, patience, alive=alive)
        hops = 0 if is_typed else 1
        try:
            client = HttpClient(f"http://{address}/{MIRROR}", unused(), timing, hops=hops)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise name_unknown(address) from error
        self.repository = HttpSource(client)

    def told(self) -> PeerList:
        """Ask for its list.

        Raises:
            SourceError: it does not answer, or is no node.
            RefusedError: what it answers is no list.
        """
        return decode_list(self.repository.read(LIST_PATH, MAX_LIST_BYTES))

    def blob(self, digest: Digest, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give bytes of a blob as they come; raises as ``Source.open_range``."""
        return self.repository.open_range(blob_path(digest), start, stop)

    def close(self) -> None:
        """Close the connection."""
        self.repository.close()
