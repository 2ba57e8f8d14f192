"""Which Host headers are ours: the defence of pages against DNS rebinding.

A page of the internet can make its own name resolve to our address, and would then share
an origin with it. Such a name is never an address and never one of the local zones.
"""

import ipaddress
import re
from typing import Final

_LOCAL_ZONES: Final = (".lan", ".local", ".localhost")
_HEADER: Final = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?\Z")
HTTP_PORT: Final = 80


def split_host(header: str) -> tuple[str, int] | None:
    """Split a Host header into its name in small letters and its port; None when malformed."""
    match = _HEADER.match(header)
    if not match:
        return None
    return match[1].lower(), int(match[2] or HTTP_PORT)


def is_own_name(name: str, configured: frozenset[str]) -> bool:
    """Say whether a host name may stand for us; ``configured`` names are in small letters."""
    if name == "localhost" or name.rstrip(".").endswith(_LOCAL_ZONES) or name in configured:
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def join_host(name: str, port: int) -> str:
    """Write a Host header's value as browsers do."""
    return name if port == HTTP_PORT else f"{name}:{port}"
