"""What a version costs one school: bytes on its line, the time that they take, and its disk.

Bytes are those of the index and of the blocks that the node will ask for; on the line come the
headers of every segment and request (``core.line.wire``), and what is asked for beside bundles.
The disk is what the node sees to being free before it begins (``sync.pull``), above its floor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from core.assigning import Wanted
from core.bundle.index import Index
from core.bundle.needs import blocks_needed, cost, waiting_bytes
from core.digest import Digest, digest_of
from core.line.wire import Wire, wire_bytes
from core.manifest import Manifest, encode_manifest
from core.rates import USUAL_RATES
from core.wanted import Portion, wanted_digests
from packager.build import Build, Bundle
from packager.resolving import index_of
from packager.workspace import Workspace

# Release and role file come beside the bundle.
_LISTS: Final = 2_000
_WIRE: Final = Wire(tls=True)

Read = Callable[[Bundle], Index]
"""Gives the index of a bundle."""


@dataclass(frozen=True)
class Fetch:
    """What one school fetches, and the disk that it needs.

    Attributes:
        base: the version that it has; 0 for none.
        content: bytes of index and blocks.
        room: bytes that must be free while it is fetched.
        kept: bytes that the version takes on the disk, once it is here.
        old: bytes of the version before, which stay until they are removed.
    """

    base: int
    content: int
    room: int = 0
    kept: int = 0
    old: int = 0

    @property
    def line(self) -> int:
        """Bytes on the line."""
        return line_bytes(self.content)

    def seconds(self) -> dict[str, float]:
        """Give how long that takes at the usual rates."""
        return seconds_of(self.content)


def line_bytes(content: int) -> int:
    """Give what a version comes to on the line.

    Args:
        content: bytes of index and blocks.
    """
    return wire_bytes(content, _WIRE) + wire_bytes(_LISTS, _WIRE) + _WIRE.connection


def seconds_of(content: int) -> dict[str, float]:
    """Give how long that takes at the usual rates; the argument as for ``line_bytes``."""
    return {name: line_bytes(content) / rate for name, rate in USUAL_RATES.items()}


def indexes_of(build: Build, workspace: Workspace) -> Read:
    """Give what reads the indexes of a build's bundles, each once."""
    known = {one.link.index: index_of(build, one, workspace) for one in build.bundles}
    return lambda bundle: known[bundle.link.index]


def fetches(build: Build, how: Wanted, read: Read) -> list[Fetch]:
    """Give what a school fetches: a new one, then one that has the version before, and so on.

    Args:
        build: the version.
        how: in which renditions the school takes it.
        read: gives indexes.
    """
    portion = Portion(how.renditions)
    goal = _wanted(build.manifest, portion)
    bases = {one.base.version: one.base for one in [*build.bundles, *build.dropped] if one.base}
    older = [_Base(one, _wanted(one, portion)) for _, one in sorted(bases.items(), reverse=True)]
    return [
        min(
            (
                _fetch(one, read(one), goal, base)
                for one in build.bundles
                if one.base is None or one.base is base.manifest
            ),
            key=lambda one: one.content,
        )
        for base in [_Base(None, {}), *older]
    ]


class _Base(NamedTuple):
    """The version that a school has, if it has one, and its blobs."""

    manifest: Manifest | None
    blobs: dict[Digest, int]


def _fetch(bundle: Bundle, index: Index, goal: dict[Digest, int], base: _Base) -> Fetch:
    blocks = blocks_needed(index, goal, base.blobs, {}).blocks
    head = bundle.link.index_length
    made = sum(size for digest, size in goal.items() if digest not in base.blobs)
    return Fetch(
        base.manifest.version if base.manifest else 0,
        content=head + cost(index, blocks),
        room=made + head + waiting_bytes(index, blocks),
        kept=sum(goal.values()),
        old=sum(size for digest, size in base.blobs.items() if digest not in goal),
    )


def _wanted(manifest: Manifest, portion: Portion) -> dict[Digest, int]:
    """Give the blobs that a version is at a school, its manifest among them."""
    data = encode_manifest(manifest)
    return {**wanted_digests(manifest, [], portion), digest_of(data): len(data)}
