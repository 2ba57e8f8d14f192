"""What is on a stick, at a glance: for whoever offers to import it. Nothing is verified here.

Cheap and bounded: some hundred small files at most, whatever lies on the stick.
"""

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec

from cache.disk_errors import in_words
from cache.space import space
from cache.stick import StickDirectory, mirror_directory, stick_error
from core.codec import json_decoder
from core.control import Wording
from core.control_calls import SetupEntry, Stick
from core.errors import PackhorseError, RefusedError
from core.stick import DOWN, UP, last_day
from core.trust.roles import MAX_SNAPSHOT_BYTES, MAX_TIMESTAMP_BYTES, TIMESTAMP_PATH, metadata_path
from core.trusted_time import parse_moment
from sync.stick.setups import find_setups

_READ_ONLY: Final = getattr(os, "ST_RDONLY", 1)


class _Meta(msgspec.Struct):
    version: int


class _Signed(msgspec.Struct):
    expires: str
    version: int
    meta: dict[str, _Meta] = {}


class _Metadata(msgspec.Struct):
    signed: _Signed


def look(directory: Path, *, node: str = "", public_key: str = "") -> Stick:
    """Say what is on a stick, or in any directory.

    Args:
        directory: where it is mounted, or its mirror directory.
        node: this node's id; empty when it has none.
        public_key: this node's public key (base64); empty when it has none.
    """
    root = mirror_directory(directory)
    with closing(StickDirectory(root)) as stick:
        try:
            return _look(stick, directory, node, public_key)
        except OSError as error:
            problem: PackhorseError = stick_error(error, root)
        except PackhorseError as error:
            problem = error
    wording = Wording(
        template=problem.template,
        hint=problem.hint_template,
        fields={name: str(value) for name, value in problem.fields.items()},
    )
    return Stick(path=str(root), label=directory.name, writable=False, problem=wording)


def stick_last_day(stick: StickDirectory) -> str:
    """Give the last day on which what is on a stick can be installed, as it says itself.

    Raises:
        OSError: the stick fails.
    """
    moments = []
    with suppress(RefusedError, msgspec.DecodeError, UnicodeDecodeError):
        timestamp = _signed(stick.find(TIMESTAMP_PATH, MAX_TIMESTAMP_BYTES))
        moments.append(parse_moment(timestamp.expires))
        version = timestamp.meta["snapshot.json"].version if timestamp.meta else 0
        path = metadata_path("snapshot", version)
        moments.append(parse_moment(_signed(stick.find(path, MAX_SNAPSHOT_BYTES)).expires))
    return last_day(min(moments)) if moments else ""


def stick_timestamp_version(stick: StickDirectory) -> int:
    """Give the version of the timestamp on a stick, as it says itself; 0 when it does not.

    Raises:
        OSError: the stick fails.
    """
    with suppress(RefusedError, msgspec.DecodeError, UnicodeDecodeError):
        return _signed(stick.find(TIMESTAMP_PATH, MAX_TIMESTAMP_BYTES)).version
    return 0


def _look(stick: StickDirectory, directory: Path, node: str, public_key: str) -> Stick:
    with in_words(stick.root):
        there = space(stick.root)
    setups, _ = find_setups(stick)
    return Stick(
        path=str(stick.root),
        label=directory.name,
        size=there.total,
        free=there.free,
        writable=_is_writable(stick.root),
        has_packs=stick.size(TIMESTAMP_PATH) is not None,
        last_day=stick_last_day(stick),
        setups=[
            SetupEntry(
                path=str(stick.root / one.path),
                school=one.setup.school,
                name=one.setup.name,
                used=one.is_used(public_key),
            )
            for one in setups
        ],
        for_us=bool(node) and (stick.is_folder(f"{UP}/{node}") or _has_receipt(stick, node)),
    )


def _has_receipt(stick: StickDirectory, node: str) -> bool:
    return stick.size(f"{DOWN}/{node}") is not None


def _is_writable(root: Path) -> bool:
    return os.access(root, os.W_OK) and not os.statvfs(root).f_flag & _READ_ONLY


def _signed(data: bytes | None) -> _Signed:
    return json_decoder(_Metadata).decode(data or b"").signed
