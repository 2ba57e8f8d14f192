"""Addresses that a person can type into a browser."""

import socket

from edge_client.config import Address

_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - names them, binds nothing
_HTTP = 80
# A documentation address: only routed, nothing is sent to it.
_ELSEWHERE = ("192.0.2.1", 9)


def portal_address(listen: Address) -> str:
    """Give the URL under which the school's devices reach the portal.

    Empty when the system chooses the port, since only the portal knows it then.
    """
    host, port = listen
    if not port:
        return ""
    if host in _WILDCARDS:
        host = _lan_address()
    if ":" in host:
        host = f"[{host}]"
    return f"http://{host}/" if port == _HTTP else f"http://{host}:{port}/"


def _lan_address() -> str:
    """Give this machine's address on the network that it would use, or loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
