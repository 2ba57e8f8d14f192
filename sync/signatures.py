"""Until when the signatures on this node are good, read from the verified metadata as they lie.

The resident agent and commands use this, so it loads no verifier: the files were verified before
they came here, and what is said of them decides nothing.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from cache.state import StateDirectory
from core.codec import json_decoder
from core.errors import RefusedError
from core.expiry import Expiry
from core.trusted_time import parse_moment

_MAX_BYTES: Final = 256 * 1024
_MOST_ROLES: Final = 1024


class _Signed(msgspec.Struct):
    expires: str
    meta: dict[str, Any] = {}

    @property
    def moment(self) -> datetime:
        """When it expires."""
        return parse_moment(self.expires)


class _Metadata(msgspec.Struct):
    signed: _Signed


def read_expiries(state: StateDirectory) -> list[Expiry]:
    """Give the expiry of every role that the snapshot on this node names; empty without one."""
    folder = state.trust / "current" / "metadata"
    snapshot = _read(folder / "snapshot.json")
    if snapshot is None:
        return []
    names = ["root", "timestamp", "snapshot"]
    names += [name.removesuffix(".json") for name in list(snapshot.meta)[:_MOST_ROLES]]
    # A role that this node has not fetched yet is no news of it.
    found = ((name, _read(folder / f"{quote(name, '')}.json")) for name in names)
    return [Expiry(name, one.moment) for name, one in found if one is not None]


def generation(state: StateDirectory) -> str:
    """Name the verified metadata that are in effect; empty for none. It changes when they do."""
    try:
        return str((state.trust / "current").readlink())
    except OSError:
        return ""


def _read(path: Path) -> _Signed | None:
    try:
        with path.open("rb") as file:
            signed = json_decoder(_Metadata).decode(file.read(_MAX_BYTES)).signed
        parse_moment(signed.expires)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, RefusedError):
        return None
    return signed
