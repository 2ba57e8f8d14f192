"""Whether this machine is connected to anything through which its hub could be reached.

Asks the kernel alone: nothing travels. So a cable that is pulled is known at once, and so is one
that is plugged in again. What lies behind the next device only a try can tell.
"""

import ipaddress
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edge_client.addresses import HOTSPOT_ADDRESS, all_addresses, carrying

_IPV6: Final = Path("/proc/net/if_inet6")
# Address, number, prefix, scope, flags, name.
_SCOPE, _NAME = 3, 5
_GLOBAL: Final = "00"
_HTTPS: Final = 443
_LOOPBACK: Final = "127.0.0.1"


def is_linked(url: str) -> bool:
    """Say whether there may be a way to the hub.

    Args:
        url: the hub's address; empty where there is no hub.
    """
    host, port = _place(url)
    if not host:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # What its name stands for would have to be asked for.
        return bool(carrying(_outer()))
    return address.is_loopback or _has_route(host, port)


def _place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _HTTPS
    except ValueError:
        return "", 0
    return (_LOOPBACK if host == "localhost" else host), port


def _has_route(host: str, port: int) -> bool:
    """Say whether a packet to an address would leave by an interface that has a carrier."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # Chooses a route; a datagram goes out only when it is sent.
            probe.connect((host, port))
            own = str(probe.getsockname()[0])
    except OSError:
        return False
    ways = {one.interface for one in all_addresses() if one.address == own}
    return not ways or bool(carrying(ways))


def _outer() -> set[str]:
    """Name the interfaces that have an address; not the network that the node makes itself."""
    found = {one.interface for one in all_addresses() if one.address != HOTSPOT_ADDRESS}
    try:
        rows = [line.split() for line in _IPV6.read_text("ascii").splitlines()]
    except OSError:
        return found
    return found | {row[_NAME] for row in rows if len(row) > _NAME and row[_SCOPE] == _GLOBAL}
