"""Addresses to listen on, such as ``127.0.0.1:8443``, ``[::]:8443`` or ``hub.lan:443``."""

import ipaddress
import re
from typing import NamedTuple

from core.errors import UsageError

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+)):(?P<port>\d{1,5})\Z")
_MAX_PORT = 65535


class Address(NamedTuple):
    """A host and a port; port 0 lets the system choose."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        ip = as_ip(self.host)
        return ip.is_loopback if ip else self.host == "localhost"

    @property
    def unspecified(self) -> bool:
        """Whether it stands for every address of the machine."""
        ip = as_ip(self.host)
        return bool(ip and ip.is_unspecified)

    def url(self, *, tls: bool) -> str:
        """Give the base URL of a server there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if tls else 'http'}://{host}:{self.port}"


def as_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an IP address; None for a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_address(text: str) -> Address:
    """Read an address.

    Raises:
        UsageError: it is not written so.
    """
    match = _ADDRESS.match(text)
    if not match or int(match["port"]) > _MAX_PORT:
        raise UsageError(
            "{text} is not an address to listen on.",
            hint="Write address and port, such as 127.0.0.1:8443 or 0.0.0.0:8443.",
            text=repr(text[:100]),
        )
    return Address(match["six"] or match["host"], int(match["port"]))
