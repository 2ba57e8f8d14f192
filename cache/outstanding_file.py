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
    MOST_OUTSTANDING,
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


def write_outstanding(path: Path, outstanding: Outstanding) -> int:
    """Replace the file, if it says something else; give its size in bytes.

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
    return len(data)


def _fitted(outstanding: Outstanding) -> bytes:
    packs = outstanding.packs[:MOST_OUTSTANDING]
    data = encode_outstanding(msgspec.structs.replace(outstanding, packs=packs))
    over = len(data) - MAX_OUTSTANDING_BYTES
    if over <= 0:
        return data
    for place in range(len(packs) - 1, -1, -1):
        if over <= 0:
            break
        detailed, packs[place] = packs[place], _as_a_whole(packs[place])
        over -= _size(detailed) - _size(packs[place])
    return encode_outstanding(msgspec.structs.replace(outstanding, packs=packs))


def _size(pack: OutstandingPack) -> int:
    return len(encode_outstanding(Outstanding(packs=[pack])))


def _as_a_whole(pack: OutstandingPack) -> OutstandingPack:
    steps = [step for item in pack.items for step in item.steps]
    return msgspec.structs.replace(
        pack,
        items=[],
        rest=pack.rest + sum(step.line for step in steps),
        rest_size=pack.rest_size + sum(step.size for step in steps),
    )
