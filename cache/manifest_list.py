"""What is in effect, in a small file: from it the catalogue can be rebuilt.

These are the manifests, what is withdrawn, and what is wanted of a pack where it is not all.

It is written before the catalogue names a manifest or withdraws something, and after the
catalogue has dropped one or let something come back; so it never knows less than the catalogue.
"""

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cache import durable
from cache.disk_errors import in_words
from core.codec import decode_json
from core.digest import Digest, parse_digest
from core.errors import RefusedError
from core.wanted import EVERYTHING, Portion
from core.withdrawal import Withdrawal

_LIMIT: Final = 16 * 1024 * 1024

Withdrawals = dict[str, list[Withdrawal]]
Wanted = dict[str, Portion]


class _Document(msgspec.Struct, frozen=True):
    format: int
    manifests: list[Digest]
    withdrawals: Withdrawals = {}
    wanted: Wanted = {}


class Listed(NamedTuple):
    """What is in effect.

    Attributes:
        manifests: digests, in order of activation.
        withdrawals: what is withdrawn, by pack.
        wanted: what is wanted of each pack where it is not everything.
    """

    manifests: list[Digest]
    withdrawals: Withdrawals
    wanted: Wanted


def read_list(path: Path) -> Listed:
    """Give what is in effect; nothing when there is no such file.

    Raises:
        RefusedError: the file is damaged.
        ExhaustedError: the disk is broken.
    """
    try:
        with in_words(path):
            data = path.read_bytes()
    except FileNotFoundError:
        return Listed([], {}, {})
    document = decode_json(data, _Document, what=path.name, limit=_LIMIT)
    manifests = [parse_digest(digest) for digest in document.manifests]
    return Listed(manifests, document.withdrawals, document.wanted)


def write_list(path: Path, listed: Listed) -> None:
    """Replace the list.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    durable.write_file(path, msgspec.json.encode(_Document(1, *listed), order="deterministic"))


def add(path: Path, manifest: Digest) -> None:
    """Make ``manifest`` the last activated.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _readable(path)
    after = [*(one for one in before.manifests if one != manifest), manifest]
    _replace(path, before, before._replace(manifests=after))


def discard(path: Path, manifests: set[Digest]) -> None:
    """Take manifests off the list.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _readable(path)
    after = [one for one in before.manifests if one not in manifests]
    if after != before.manifests:
        write_list(path, before._replace(manifests=after))


def withdraw(path: Path, pack: str, withdrawals: list[Withdrawal]) -> None:
    """List a pack's withdrawals in the place of those that were listed.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _readable(path)
    after = {**before.withdrawals, pack: withdrawals}
    if not withdrawals:
        del after[pack]
    _replace(path, before, before._replace(withdrawals=after))


def want(path: Path, pack: str, portion: Portion) -> None:
    """List what is wanted of a pack in the place of what was listed.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    before = _readable(path)
    after = {**before.wanted, pack: portion}
    if portion == EVERYTHING:
        del after[pack]
    _replace(path, before, before._replace(wanted=after))


def _replace(path: Path, before: Listed, after: Listed) -> None:
    if after != before:
        write_list(path, after)
    else:
        # Whoever wrote it may have been killed before its name was durable.
        durable.sync_directory(path.parent)


def _readable(path: Path) -> Listed:
    try:
        return read_list(path)
    except RefusedError:
        # What it had is in the catalogue too; opening the catalogue writes it anew.
        return Listed([], {}, {})
