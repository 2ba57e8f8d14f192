"""What nodes of one school network tell each other: what is here, and what comes by line.

A node gives its list to whoever asks. It adds no trust: what it leads to is verified as from any
carrier, and what it promises is believed only for a while.
"""

import hashlib
from typing import Annotated, Final

import msgspec

from core.codec import decode_json
from core.digest import Digest
from core.errors import RefusedError

FORMAT: Final = 1
MAX_LIST_BYTES: Final = 1024 * 1024
"""More than the longest names of as many packs and items come to."""
MOST_PACKS: Final = 1000
MOST_ITEMS: Final = 2000
"""As many items as one list names, over all packs that are not whole."""
MOST_TYPED: Final = 15
"""As many nodes a person may name, beside a parent."""
MIRROR: Final = "mirror"
"""Below which the portal gives its list, metadata, releases and blobs."""
LIST_PATH: Final = "list"
SERVICE: Final = "_packhorse._tcp.local."
"""What nodes are found by on the network."""
_LONGEST_SECONDS: Final = 60 * 86_400.0

_Pack = Annotated[str, msgspec.Meta(max_length=200)]
_Item = Annotated[str, msgspec.Meta(max_length=100)]
_Version = Annotated[int, msgspec.Meta(ge=1, le=1 << 50)]
_Hex = Annotated[str, msgspec.Meta(max_length=64)]


class Share(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a node has of a pack.

    Attributes:
        version: the newest version that it knows.
        items: which items of it are whole there; None for all.
    """

    version: _Version
    items: Annotated[list[_Item], msgspec.Meta(max_length=MOST_ITEMS)] | None = None


class Coming(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a node brings home by its line.

    Attributes:
        version: which version.
        seconds: until all of it is there, as expected.
        begun: whether it is on its way already.
    """

    version: _Version
    seconds: Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_SECONDS)]
    begun: bool = False


class PeerList(msgspec.Struct, frozen=True, kw_only=True):
    """What a node gives to other nodes.

    Attributes:
        node: what it is called among them; the same as long as it is enrolled.
        hub: the hub whose metadata it has; empty when it has none.
        timestamp: version of the newest timestamp that it trusts; 0 for none.
        packs: what it has, by pack.
        coming: what it brings, by pack.
    """

    format: int = FORMAT
    node: _Hex = ""
    hub: _Hex = ""
    timestamp: Annotated[int, msgspec.Meta(ge=0, le=1 << 50)] = 0
    packs: Annotated[dict[_Pack, Share], msgspec.Meta(max_length=MOST_PACKS)] = {}
    coming: Annotated[dict[_Pack, Coming], msgspec.Meta(max_length=MOST_PACKS)] = {}


def encode_list(peer_list: PeerList) -> bytes:
    """Encode for the network: canonical JSON."""
    return msgspec.json.encode(peer_list, order="deterministic")


def decode_list(data: bytes) -> PeerList:
    """Decode a list from the network.

    Raises:
        RefusedError: it is too large, or no list.
    """
    return decode_json(data, PeerList, what="The list of a node", limit=MAX_LIST_BYTES)


def blob_path(digest: Digest) -> str:
    """Give a blob's path below ``MIRROR``."""
    return f"blobs/{digest}"


def name_among_peers(node: str) -> str:
    """Give what a node is called among others: no number by which its hub knows it."""
    return hashlib.sha256(f"peer {node}".encode()).hexdigest()[:16]


def goes_first(pack: str, mine: tuple[bool, str], theirs: tuple[bool, str]) -> bool:
    """Say whether this node brings a pack and the other one waits for it; they agree on it.

    Whoever has begun goes on; else each pack falls to one of them by lot, so that the packs are
    dealt out evenly.

    Args:
        pack: its id.
        mine: whether this node has begun, and its name among peers.
        theirs: the same of the other one.
    """
    if mine[0] != theirs[0]:
        return mine[0]
    return _lot(pack, mine[1]) <= _lot(pack, theirs[1])


def _lot(pack: str, name: str) -> bytes:
    return hashlib.sha256(f"{pack} {name}".encode()).digest()


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What a node's worker lets its portal tell, as it stood at one moment.

    Attributes:
        node: as in ``PeerList``.
        hub: the same.
        at: when that was, seconds since boot.
        boot: which boot.
        coming: as it stood then.
    """

    node: _Hex = ""
    hub: _Hex = ""
    at: float = 0.0
    boot: Annotated[str, msgspec.Meta(max_length=64)] = ""
    coming: Annotated[dict[_Pack, Coming], msgspec.Meta(max_length=MOST_PACKS)] = {}


FACT: Final = "among-peers"
"""Name of the fact in ``agent.db`` that holds the announcement."""
_LATE: Final = 900.0


def encode_announcement(announcement: Announcement) -> str:
    """Write an announcement as a fact."""
    return msgspec.json.encode(announcement, order="deterministic").decode()


def decode_announcement(text: str | None) -> Announcement:
    """Read what ``encode_announcement`` wrote; nothing is told where that is damaged."""
    try:
        data = (text or "{}").encode()
        return decode_json(data, Announcement, what="The announcement", limit=MAX_LIST_BYTES)
    except RefusedError:
        return Announcement()


def still_coming(said: Announcement, now: float, boot: str) -> dict[str, Coming]:
    """Give what is still to come of what was announced; what is long due was given up.

    Args:
        said: the announcement.
        now: seconds since boot.
        boot: which boot.
    """
    elapsed = now - said.at
    if said.boot != boot or elapsed < 0:
        return {}
    return {
        pack: msgspec.structs.replace(one, seconds=max(0.0, one.seconds - elapsed))
        for pack, one in said.coming.items()
        if elapsed < one.seconds + _LATE
    }
