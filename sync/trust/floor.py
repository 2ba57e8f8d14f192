"""What was seen and must not be undone: highest versions, and the floor of trusted time.

Kept apart from python-tuf's state, durably: when that state is damaged, this still refuses what
is older. Versions and time begin anew when root gives their roles other keys, since only so can
a repository recover from a stolen key that signed for the far future.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from tuf.api.metadata import Metadata, Root, Snapshot, Timestamp

from cache import durable
from core.codec import decode_json
from core.errors import RefusedError
from core.trust.roles import ISSUED_FIELD
from core.trusted_time import BUILD_DATE, format_moment, parse_moment, raise_floor
from sync.trust.words import rolled_back

FILE_NAME: Final = "floor.json"
_MAX_BYTES: Final = 256 * 1024
_FORMAT: Final = 1


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The floor.

    Attributes:
        time: floor of trusted time, UTC.
        root: highest version of the root.
        timestamp_keys: ids of the keys that root gives the timestamp.
        snapshot_keys: the same of the snapshot.
        timestamp: highest version of the timestamp.
        snapshot: highest version of the snapshot.
        roles: highest version of each role that a snapshot names, by file name.
    """

    format: int = _FORMAT
    time: str = BUILD_DATE
    root: int = 0
    timestamp_keys: list[str] = []
    snapshot_keys: list[str] = []
    timestamp: int = 0
    snapshot: int = 0
    roles: dict[str, int] = {}

    @property
    def moment(self) -> datetime:
        """Floor of trusted time; at least the build date."""
        return max(parse_moment(self.time), parse_moment(BUILD_DATE))


def read_floor(root: Path) -> Floor:
    """Read the floor; a missing or damaged one is the lowest, and rises at the next refresh."""
    try:
        data = (root / FILE_NAME).read_bytes()
        floor = decode_json(data, Floor, what=FILE_NAME, limit=_MAX_BYTES)
        parse_moment(floor.time)
    except (FileNotFoundError, RefusedError):
        return Floor()
    return floor if floor.format == _FORMAT else Floor()


def write_floor(root: Path, floor: Floor) -> None:
    """Write the floor, durably."""
    durable.write_file(root / FILE_NAME, msgspec.json.encode(floor))


def forget_floor(root: Path) -> None:
    """Begin anew, for another repository."""
    durable.remove(root / FILE_NAME)


def rotated(floor: Floor, root: Root) -> Floor:
    """Begin anew what ``root`` gives other keys than when it was last seen."""
    timestamp_keys = sorted(root.roles["timestamp"].keyids)
    snapshot_keys = sorted(root.roles["snapshot"].keyids)
    new = floor
    if floor.timestamp_keys not in ([], timestamp_keys):
        new = msgspec.structs.replace(new, time=BUILD_DATE, timestamp=0, snapshot=0, roles={})
    if floor.snapshot_keys not in ([], snapshot_keys):
        new = msgspec.structs.replace(new, timestamp=0, snapshot=0, roles={})
    return msgspec.structs.replace(new, timestamp_keys=timestamp_keys, snapshot_keys=snapshot_keys)


def raised(floor: Floor, root: Root, metadata: Path) -> Floor:
    """Give the floor after a refresh that succeeded.

    Args:
        floor: the floor so far.
        root: the verified root.
        metadata: directory with the verified timestamp and snapshot.

    Raises:
        RefusedError: something verified is older than what was seen.
    """
    timestamp = Metadata[Timestamp].from_bytes((metadata / "timestamp.json").read_bytes()).signed
    snapshot = Metadata[Snapshot].from_bytes((metadata / "snapshot.json").read_bytes()).signed
    floor = rotated(floor, root)
    _not_lower("root.json", root.version, floor.root)
    _not_lower("timestamp.json", timestamp.version, floor.timestamp)
    _not_lower("snapshot.json", snapshot.version, floor.snapshot)
    found = {name: meta.version for name, meta in snapshot.meta.items()}
    for name, seen in floor.roles.items():
        _not_lower(name, found.get(name, 0), seen)
    return msgspec.structs.replace(
        floor,
        time=format_moment(_risen(floor.moment, timestamp)),
        root=root.version,
        timestamp=timestamp.version,
        snapshot=snapshot.version,
        roles=found,
    )


def _not_lower(file: str, found: int, seen: int) -> None:
    if found < seen:
        raise rolled_back(file, found, seen)


def _risen(floor: datetime, timestamp: Timestamp) -> datetime:
    issued: object = timestamp.unrecognized_fields.get(ISSUED_FIELD)
    if not isinstance(issued, str):
        return floor
    return raise_floor(floor, parse_moment(issued), timestamp.expires)
