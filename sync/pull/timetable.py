"""The school's timetable: the channels of the assignments in force, kept for the portal.

What cannot be read changes nothing: its channels stay as they were.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from cache.timetable_file import read_timetable, write_timetable
from core.assigning import channels_by_place, nearest
from core.assignment import Assignment
from core.errors import RefusedError
from core.timetable import Channel, NodeTimetable


def keep_timetable(
    path: Path,
    read: Iterable[Assignment],
    school: str,
    place: str,
    is_unknown: Callable[[str], bool],
) -> None:
    """Write the timetable, if it is another one than before.

    Args:
        path: where it is kept.
        read: the assignments that could be read.
        school: the node's.
        place: the node's; empty when it has none.
        is_unknown: says of a place whose channels are here that nobody knows now what it
            assigns.

    Raises:
        RefusedError: the timetable is too large; the old one stays.
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _kept(path)
    stay: dict[str, list[Channel]] = {}
    for channel in before.channels if before else []:
        owner = before.places.get(channel.id, "") if before else ""
        if is_unknown(owner):
            stay.setdefault(owner, []).append(channel)
    found = nearest(stay | channels_by_place(read, school, place))
    after = NodeTimetable(
        channels=[channel for _, channel in found.values()],
        places={name: owner for name, (owner, _) in found.items()},
    )
    if after != before:
        write_timetable(path, after)


def _kept(path: Path) -> NodeTimetable | None:
    """Give what was written last; None when that is damaged."""
    try:
        return read_timetable(path)
    except RefusedError:
        return None
