"""The manifests in effect, in a small file of its own: from it the catalogue can be rebuilt.

It is written before the catalogue names a manifest and after the catalogue has dropped one, so
it never knows less than the catalogue.
"""

from pathlib import Path
from typing import Final

import msgspec

from cache import durable
from cache.disk_errors import in_words
from core.codec import decode_json
from core.digest import Digest, parse_digest
from core.errors import RefusedError

_LIMIT: Final = 16 * 1024 * 1024


class _Document(msgspec.Struct, frozen=True):
    format: int
    manifests: list[Digest]


def read_list(path: Path) -> list[Digest]:
    """Give the digests, in order of activation; none when there is no such file.

    Raises:
        RefusedError: the file is damaged.
        ExhaustedError: the disk is broken.
    """
    try:
        with in_words(path):
            data = path.read_bytes()
    except FileNotFoundError:
        return []
    document = decode_json(data, _Document, what=path.name, limit=_LIMIT)
    return [parse_digest(digest) for digest in document.manifests]


def write_list(path: Path, manifests: list[Digest]) -> None:
    """Replace the list.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    durable.write_file(path, msgspec.json.encode(_Document(1, manifests)))


def add(path: Path, manifest: Digest) -> None:
    """Make ``manifest`` the last activated.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _readable(path)
    after = [*(one for one in before if one != manifest), manifest]
    if after != before:
        write_list(path, after)
    else:
        # Whoever wrote it may have been killed before its name was durable.
        durable.sync_directory(path.parent)


def discard(path: Path, manifests: set[Digest]) -> None:
    """Take manifests off the list.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _readable(path)
    after = [one for one in before if one not in manifests]
    if after != before:
        write_list(path, after)


def _readable(path: Path) -> list[Digest]:
    try:
        return read_list(path)
    except RefusedError:
        # What it had is in the catalogue too; opening the catalogue writes it anew.
        return []
