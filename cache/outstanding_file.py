"""What is outstanding, in a small file: the worker writes it, agent and commands read it.

It can be made again at any poll; so whoever finds it damaged goes on as if nothing were known.
"""

from pathlib import Path
from typing import Final

import msgspec

from cache import durable
from cache.disk_errors import in_words
from core.errors import RefusedError
from core.plan.outstanding import (
    MAX_OUTSTANDING_BYTES,
    Outstanding,
    OutstandingPack,
    decode_outstanding,
    encode_outstanding,
)

_NOTHING: Final = Outstanding()


def read_outstanding(path: Path) -> Outstanding:
    """Give what is outstanding; nothing when there is no such file, or a damaged one.

    Raises:
        ExhaustedError: the disk is broken.
    """
    try:
        with in_words(path), path.open("rb") as file:
            return decode_outstanding(file.read(MAX_OUTSTANDING_BYTES + 1))
    except (FileNotFoundError, RefusedError):
        return _NOTHING


def write_outstanding(path: Path, outstanding: Outstanding) -> None:
    """Replace the file, if it says something else.

    Where all of it is more than who reads it accepts, the last packs are told as a whole.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    data = _fitted(outstanding)
    try:
        with in_words(path):
            same = path.read_bytes() == data
    except FileNotFoundError:
        same = False
    if not same:
        durable.write_file(path, data)


def _fitted(outstanding: Outstanding) -> bytes:
    packs = list(outstanding.packs)
    data = encode_outstanding(outstanding)
    for place in range(len(packs) - 1, -1, -1):
        if len(data) <= MAX_OUTSTANDING_BYTES:
            break
        packs[place] = _as_a_whole(packs[place])
        data = encode_outstanding(msgspec.structs.replace(outstanding, packs=packs))
    return data


def _as_a_whole(pack: OutstandingPack) -> OutstandingPack:
    steps = [step for item in pack.items for step in item.steps]
    return msgspec.structs.replace(
        pack,
        items=[],
        rest=pack.rest + sum(step.line for step in steps),
        rest_size=pack.rest_size + sum(step.size for step in steps),
    )
