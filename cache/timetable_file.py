"""The node's timetable in a small file: the agent's side writes it, the portal reads it.

It can be made again from the assignments at any time; so whoever finds it damaged goes on
without, and the next poll mends it.
"""

import logging
from pathlib import Path
from typing import Final

import msgspec

from cache import durable
from cache.disk_errors import in_words
from core.codec import decode_json
from core.errors import RefusedError
from core.timetable import Channel, NodeTimetable, check_channels

_LOG: Final = logging.getLogger(__name__)
MAX_BYTES: Final = 10 * 1024 * 1024
"""More than a county's and a province's largest assignments together."""


def read_timetable(path: Path) -> NodeTimetable:
    """Give the timetable; an empty one when there is no such file; bad channels are left out.

    Raises:
        RefusedError: the file is damaged.
        ExhaustedError: the disk is broken.
    """
    try:
        with in_words(path), path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return NodeTimetable()
    timetable = decode_json(data, NodeTimetable, what=path.name, limit=MAX_BYTES)
    good = [channel for channel in timetable.channels if _is_good(channel)]
    return msgspec.structs.replace(timetable, channels=good)


def _is_good(channel: Channel) -> bool:
    try:
        check_channels([channel])
    except RefusedError as error:
        _LOG.warning("a channel of the timetable is left out: %s", error)
        return False
    return True


def write_timetable(path: Path, timetable: NodeTimetable) -> None:
    """Replace the timetable.

    Raises:
        RefusedError: it is larger than who reads it accepts; the old one stays.
        ExhaustedError: the disk is full, broken or read-only.
    """
    data = msgspec.json.encode(timetable, order="deterministic")
    if len(data) > MAX_BYTES:
        raise RefusedError(
            "The timetables for this school are too large together.",
            hint="The last one stays. Ask whoever publishes them for one term at a time.",
        )
    durable.write_file(path, data)
