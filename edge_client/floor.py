"""A moment that has certainly passed, as the worker keeps it; for both halves of the node."""

from datetime import datetime
from typing import Final

import msgspec

from cache.state import StateDirectory
from core.codec import json_decoder
from core.errors import RefusedError
from core.trusted_time import BUILD_DATE, parse_moment

FILE_NAME: Final = "floor.json"
_MAX_BYTES: Final = 256 * 1024
_BUILD: Final = parse_moment(BUILD_DATE)


class _Floor(msgspec.Struct, frozen=True):
    """The part of the file that decides nothing but school time."""

    time: str


def read_floor(state: StateDirectory) -> datetime:
    """Give the floor of trusted time; the build date where none is kept."""
    try:
        with (state.root / FILE_NAME).open("rb") as file:
            floor = json_decoder(_Floor).decode(file.read(_MAX_BYTES))
        return max(_BUILD, parse_moment(floor.time))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RefusedError):
        return _BUILD
