"""Who may sign what, for how long, and how large it may be."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.errors import UsageError
from core.names import PackId

# Caps that every reader applies, bytes.
MAX_ROOT_BYTES: Final = 32 * 1024
MAX_TIMESTAMP_BYTES: Final = 4 * 1024
MAX_SNAPSHOT_BYTES: Final = 64 * 1024
MAX_TARGETS_BYTES: Final = 256 * 1024
TOP: Final = {
    "root": MAX_ROOT_BYTES,
    "timestamp": MAX_TIMESTAMP_BYTES,
    "snapshot": MAX_SNAPSHOT_BYTES,
}
"""The roles above all targets, with what a file of each may have, bytes."""

ROOT_PERIOD: Final = timedelta(days=730)
TARGETS_PERIOD: Final = timedelta(days=365)
PUBLISHER_PERIOD: Final = timedelta(days=365)
SNAPSHOT_PERIOD: Final = timedelta(days=180)
TIMESTAMP_PERIOD: Final = timedelta(days=90)

# The timestamp's signed extra field that raises the floor of trusted time.
ISSUED_FIELD: Final = "x-issued"

_PLACE = re.compile(r"([a-z0-9-]{1,64})(?:/([a-z0-9-]{1,64}|\*))?\Z")


@dataclass(frozen=True)
class Publisher:
    """A right to sign.

    Attributes:
        role: the TUF role's name, such as ``gd.zhuhai``.
        pattern: the path pattern of the packs it may publish, such as ``gd/zhuhai/*``.
    """

    role: str
    pattern: str


def largest(role: str) -> int:
    """Give what a file of a role may have, bytes."""
    return TOP.get(role, MAX_TARGETS_BYTES)


def publisher_of(place: str) -> Publisher:
    """Give the publisher of a place: ``cn/-`` (a nation), ``gd`` (a province), ``gd/zhuhai``.

    Raises:
        UsageError: the place is not written so.
    """
    match = _PLACE.match(place)
    if not match:
        raise UsageError(
            "{place} is not a publisher's place.",
            hint="Write a nation as cn/-, a province as gd, a county as gd/zhuhai.",
            place=repr(place[:100]),
        )
    first, second = match.groups()
    if second in {None, "*"}:
        return Publisher(first, f"{first}/*/*")
    if second == "-":
        return Publisher(first, f"{first}/-/*")
    return Publisher(f"{first}.{second}", f"{first}/{second}/*")


def may_publish(publisher: Publisher, pack: PackId) -> bool:
    """Whether the publisher's pattern covers the pack, segment by segment."""
    wanted, given = publisher.pattern.split("/"), pack.split("/")
    return len(wanted) == len(given) and all(
        one in {"*", other} for one, other in zip(wanted, given, strict=True)
    )


def metadata_path(role: str, version: int) -> str:
    """Give a role file's path in a repository (consistent snapshot naming)."""
    return f"metadata/{version}.{role}.json"


def tip_path(snapshot: int) -> str:
    """Give the path of the tip for whoever keeps the snapshot of that version."""
    return f"tips/{snapshot}.zst"


def step_path(role: str, base: int, version: int) -> str:
    """Give the path of the step from one version of a role file to another; 0 for none."""
    return f"{STEPS}/{role}.{base}-{version}.zst"


STEPS: Final = "steps"
TIPS: Final = "tips"
TIMESTAMP_PATH: Final = "metadata/timestamp.json"
TIP_PATH: Final = "tip"
