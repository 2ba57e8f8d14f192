"""Finding other nodes on the network by zeroconf, for a moment.

What is found is hostile: only so much is taken, and only IPv4 addresses that are no loopback.
Whoever speaks to one sees to it that nothing leaves the network (``source``).
"""

import ipaddress
import socket
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Final

from zeroconf import (
    BadTypeInNameException,
    Error,
    ServiceBrowser,
    ServiceInfo,
    ServiceStateChange,
    Zeroconf,
)

from core.peers import SERVICE
from sync.peers.company import Found

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_FAILURES: Final = (OSError, RuntimeError, Error)
_MOST_FOUND: Final = 64
_NAME_CHARACTERS: Final = 100


def search(
    seconds: float, stop: threading.Event | None = None, interfaces: Sequence[str] | None = None
) -> list[Found]:
    """Listen for nodes for some seconds; nothing where there is no network.

    Args:
        seconds: how long.
        stop: ends it sooner when it is set.
        interfaces: own addresses on which to listen; None for all.
    """
    try:
        ears = Zeroconf() if interfaces is None else Zeroconf(interfaces=list(interfaces))
    except _FAILURES:
        # No network, or none that takes part in this.
        return []
    names: dict[str, None] = {}
    found: list[Found] = []

    def changed(
        zeroconf: Zeroconf,  # noqa: ARG001 - its signature
        service_type: str,  # noqa: ARG001 - the same
        name: str,
        state_change: ServiceStateChange,
    ) -> None:
        if state_change is not ServiceStateChange.Removed and len(names) < _MOST_FOUND:
            names[name] = None

    # A machine that is very busy makes it give up, also at its end.
    with suppress(*_FAILURES), closing(ears):
        browser = ServiceBrowser(ears, SERVICE, handlers=[changed])
        (stop or threading.Event()).wait(seconds)
        browser.cancel()
        found = [one for name in list(names) for one in _resolved(ears, name)]
    return found


def _resolved(ears: Zeroconf, name: str) -> list[Found]:
    """Give a node's addresses as the answers that came tell them; nothing more is asked."""
    try:
        info = ServiceInfo(SERVICE, name)
    except BadTypeInNameException:
        # Whoever answers may name anything.
        return []
    if not info.load_from_cache(ears) or not info.port:
        return []
    title = name.removesuffix(f".{SERVICE}")[:_NAME_CHARACTERS]
    addresses = [ipaddress.ip_address(one) for one in info.addresses if len(one) == _IPV4_BYTES]
    return [
        Found(f"{address}:{info.port}", title) for address in addresses if _is_of_a_network(address)
    ]


def _is_of_a_network(address: IPAddress) -> bool:
    return not (address.is_loopback or address.is_multicast or address.is_unspecified)


_IPV4_BYTES: Final = len(socket.inet_aton("0.0.0.0"))  # noqa: S104 - counted, not bound
