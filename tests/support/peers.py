"""Another node, as far as nodes see it, on a port of loopback: with faults, if wanted."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cache.blobs import BlobStore
from core.digest import Digest, digest_of
from core.peers import MIRROR, Announcement, Coming, PeerList, Share, encode_list
from sync.peers.circle import Circle
from sync.peers.company import Company
from tests.support.http_repository import HttpRepository
from tests.support.node_state import Node


class OtherNode(HttpRepository):
    """A node that has what it is given; ``fault`` and ``requests`` are those of its server."""

    def __init__(self, path: Path, contents: Iterable[bytes] = ()) -> None:
        self._mirror = path / MIRROR
        (self._mirror / "blobs").mkdir(parents=True)
        super().__init__(path)
        for data in contents:
            self.put(data)
        self.told = PeerList(node=path.name)
        self.tell()

    @property
    def address(self) -> str:
        """Its host and port."""
        return self.url.removeprefix("http://").rstrip("/")

    def put(self, data: bytes) -> Digest:
        """Let it have a blob."""
        digest = digest_of(data)
        (self._mirror / "blobs" / digest).write_bytes(data)
        return digest

    def tell(
        self,
        packs: dict[str, Share] | None = None,
        coming: dict[str, Coming] | None = None,
        *,
        raw: bytes | None = None,
    ) -> None:
        """Let its list say something else."""
        self.told = PeerList(node=self.told.node, packs=packs or {}, coming=coming or {})
        (self._mirror / "list").write_bytes(encode_list(self.told) if raw is None else raw)


def circle_of(node: Node, company: Company, own: str = "me", hub: str = "h") -> Circle:
    """Make the circle of a run of a node."""
    context = replace(node.context(None), company=company)
    said = Announcement(node=own, hub=hub)
    return Circle(context, said, BlobStore(node.state.blobs), lambda _: None)
