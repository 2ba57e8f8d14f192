"""Which other nodes this one knows, and what they told: ``peers.json``, written by the worker.

Light: the agent and commands read it, too. Moments are seconds since 1970 by the machine's clock,
which may jump: what lies in the future is not believed.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from cache import durable
from cache.disk_errors import in_words
from core.backoff import retry_delay
from core.codec import decode_json
from core.errors import RefusedError
from core.peers import MOST_PACKS, MOST_TYPED, Coming, PeerList

Kind = Literal["peer", "parent"]
T = TypeVar("T")

MOST_PEERS: Final = MOST_TYPED + 1
USUAL_RATE: Final = 4e6
MOST_LACKS: Final = 200
_MAX_BYTES: Final = MOST_PEERS * 1024 * 1024
_LIE_SECONDS: Final = 86_400.0
_FIRST_SECONDS: Final = 60.0
# Doubled from failure to failure, from the first minute on.
_DOUBLED_ALREADY: Final = 5
# Whoever stays busy is not waited for again so soon: the line stands still meanwhile.
_BUSY_SECONDS: Final = 60.0
_SILENT_SECONDS: Final = 900.0
"""Whoever does not answer may only be switched off, and is asked again at no cost."""
_LARGEST_SECONDS: Final = 6 * 3600.0
# What another node promises may take so much longer before nobody waits any more.
_PATIENCE: Final = 1.5
_GRACE_SECONDS: Final = 1800.0
# And nobody's promise keeps this node from its own line for longer.
_LONGEST_WAIT: Final = 7 * 86_400.0
COUNTED_SECONDS: Final = 2 * 3600.0
"""What was told longer ago is not counted on: the node may be switched off."""


class Promise(msgspec.Struct, frozen=True):
    """What a node said first of a version that it brings.

    Attributes:
        version: which version.
        since: when it said so.
        until: how long that is waited for.
    """

    version: int
    since: float
    until: float


class Peer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another node.

    Attributes:
        address: host and port, such as ``192.168.1.7:80``.
        kind: a parent is one from which metadata are taken, too.
        is_typed: whether a person has given the address.
        name: what to call it to a person.
        heard: when it last answered; 0 for never.
        rate: bytes a second that it gave last; 0 while unknown.
        fault: how it failed last, so that it is left alone; empty when it did not.
        failures: to answer, in a row.
        broken: how often in a row it told what it has and then failed to give it.
        left_until: until when it is left alone.
        told: its list.
        promised: what it said first of what it brings, by pack.
        lacks: items that it has not as it said, by pack.
    """

    address: Annotated[str, msgspec.Meta(max_length=300)]
    kind: Kind = "peer"
    is_typed: bool = False
    name: Annotated[str, msgspec.Meta(max_length=300)] = ""
    heard: float = 0.0
    rate: float = 0.0
    fault: Annotated[str, msgspec.Meta(max_length=40)] = ""
    failures: int = 0
    broken: int = 0
    left_until: float = 0.0
    told: PeerList = PeerList()
    promised: Annotated[dict[str, Promise], msgspec.Meta(max_length=MOST_PACKS)] = {}
    lacks: dict[str, list[str]] = {}

    def is_left(self, now: float) -> bool:
        """Say whether it is left alone."""
        return now < self.left_until <= now + _LIE_SECONDS

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or self.address


class Book(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of them."""

    peers: Annotated[list[Peer], msgspec.Meta(max_length=MOST_PEERS)] = []


def read_book(path: Path) -> Book:
    """Read the book; a missing or damaged one is empty, and is filled by the next run."""
    try:
        with in_words(path), path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        return decode_json(data, Book, what=path.name, limit=_MAX_BYTES)
    except (FileNotFoundError, RefusedError):
        return Book()


def write_book(path: Path, book: Book) -> None:
    """Replace the book.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    data = msgspec.json.encode(book, order="deterministic")
    if len(data) <= _MAX_BYTES:
        durable.write_file(path, data)


def answered(peer: Peer, told: PeerList, now: float) -> Peer:
    """Note what a node told."""
    lacks = {
        pack: items
        for pack, items in peer.lacks.items()
        if told.packs.get(pack) == peer.told.packs.get(pack)
    }
    # After a clock that jumped, or a long silence, a promise is another one.
    before = peer.promised if 0 <= now - peer.heard <= COUNTED_SECONDS else {}
    promised = {pack: _promise(before.get(pack), one, now) for pack, one in told.coming.items()}
    return msgspec.structs.replace(
        peer, told=told, heard=now, fault="", failures=0, left_until=0.0,
        promised=promised, lacks=lacks,
    )  # fmt: skip


def failed(peer: Peer, fault: str, now: float, *, lied: bool = False, chance: float = 0.5) -> Peer:
    """Note that a node did not tell what it has: it is left alone for a while, long if it lied."""
    failures = peer.failures + 1
    delay = _LIE_SECONDS if lied else _delay(failures, chance, _SILENT_SECONDS)
    return msgspec.structs.replace(peer, fault=fault, failures=failures, left_until=now + delay)


def broken(peer: Peer, fault: str, now: float, *, lied: bool = False, chance: float = 0.5) -> Peer:
    """Note that a node did not give what it told of; that it answers again forgives nothing."""
    times = peer.broken + 1
    delay = _LIE_SECONDS if lied else _delay(times, chance, _LARGEST_SECONDS)
    return msgspec.structs.replace(peer, fault=fault, broken=times, left_until=now + delay)


def busy(peer: Peer, now: float) -> Peer:
    """Note that a node has no time just now, since it gives to others: that is no failure."""
    return msgspec.structs.replace(peer, left_until=now + _BUSY_SECONDS)


def gave(peer: Peer, rate: float) -> Peer:
    """Note that a node gave what it was asked for, at so many bytes a second."""
    return msgspec.structs.replace(peer, rate=rate, broken=0)


def _delay(times: int, chance: float, largest: float) -> float:
    return max(_FIRST_SECONDS, retry_delay(times + _DOUBLED_ALREADY, chance, largest=largest))


def about(peer: Peer, packs: Collection[str]) -> Peer:
    """Give what is known of a node, without what it told of other packs than these."""
    told = msgspec.structs.replace(
        peer.told, packs=_only(peer.told.packs, packs), coming=_only(peer.told.coming, packs)
    )
    promised = _only(peer.promised, packs)
    return msgspec.structs.replace(peer, told=told, promised=promised)


def _only(found: dict[str, T], packs: Collection[str]) -> dict[str, T]:
    return {pack: one for pack, one in found.items() if pack in packs}


def lacking(peer: Peer, pack: str, item: str) -> Peer:
    """Note that a node has not an item that it told of."""
    items = peer.lacks.get(pack, [])
    if item in items or len(items) >= MOST_LACKS:
        return peer
    return msgspec.structs.replace(peer, lacks={**peer.lacks, pack: [*items, item]})


def waited_for(peer: Peer, pack: str, now: float) -> Coming | None:
    """Give what a node brings of a pack, as long as it is worth waiting for it."""
    coming, promise = peer.told.coming.get(pack), peer.promised.get(pack)
    if coming is None or promise is None or not promise.since <= now <= promise.until:
        return None
    passed = max(0.0, now - peer.heard)
    return msgspec.structs.replace(coming, seconds=max(0.0, coming.seconds - passed))


def _promise(before: Promise | None, coming: Coming, now: float) -> Promise:
    if before is not None and before.version == coming.version and before.since <= now:
        return before
    until = now + min(coming.seconds * _PATIENCE + _GRACE_SECONDS, _LONGEST_WAIT)
    return Promise(coming.version, now, until)
