"""What the technician has set about the line, in a small file.

The agent's side writes it, whoever plans reads it. A node without the file, or with a damaged one,
takes the usual settings, which are right for a school that nobody looks after.
"""

import logging
from pathlib import Path
from typing import Final

from cache import durable
from cache.disk_errors import in_words
from core.errors import RefusedError
from core.line.settings import (
    MAX_SETTINGS_BYTES,
    LineSettings,
    check_settings,
    decode_settings,
    encode_settings,
)

_LOG: Final = logging.getLogger(__name__)


def read_line_settings(path: Path) -> LineSettings:
    """Give the settings; the usual ones where there are none, or damaged ones.

    Raises:
        ExhaustedError: the disk is broken.
        UsageError: this user may not read them.
    """
    try:
        return read_sound_settings(path)
    except RefusedError as error:
        _LOG.warning("the usual settings of the line are taken: %s", error)
        return LineSettings()


def read_sound_settings(path: Path) -> LineSettings:
    """Give the settings; the usual ones where there are none.

    Raises:
        RefusedError: they are damaged.
        ExhaustedError: the disk is broken.
        UsageError: this user may not read them.
    """
    try:
        with in_words(path), path.open("rb") as file:
            return decode_settings(file.read(MAX_SETTINGS_BYTES + 1))
    except FileNotFoundError:
        return LineSettings()


def write_line_settings(path: Path, settings: LineSettings) -> None:
    """Replace the settings.

    Raises:
        UsageError: they can never bring anything; or this user may not write there.
        RefusedError: they could not be read again; the old ones stay.
        ExhaustedError: the disk is full, broken or read-only.
    """
    check_settings(settings)
    data = encode_settings(settings)
    decode_settings(data)
    durable.write_file(path, data)
