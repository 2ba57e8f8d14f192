"""Under which addresses the school's devices reach the portal at this moment.

Read fresh at each call: routers hand out other addresses, cables are plugged, and the node's own
Wi-Fi comes and goes. An interface that is down or without a carrier counts for nothing, nor do
those that only this machine sees (loopback, tunnels, containers).

Asks the kernel over a socket of the IPv4 family alone, which the portal's unit may open.
Non-goals: IPv6 addresses, which nobody types; what names the network's own servers give.
"""

import array
import fcntl
import ipaddress
import re
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_client.config import Address

# As in deploy/raspberrypi: the node's own address on the network that it makes itself, the name
# that its DNS answers there, and where the name is written that avahi gives on any network.
HOTSPOT_ADDRESS: Final = "10.77.0.1"
HOTSPOT_NAME: Final = "school.lan"
NAME_FILE: Final = Path("/run/packhorse/name")
# Where both are, avahi lets other nodes find this one.
_AVAHI: Final = (Path("/run/avahi-daemon/socket"), Path("/etc/avahi/services/packhorse.service"))

_WILDCARDS: Final = {"0.0.0.0", "::"}  # noqa: S104 - names them, binds nothing
_LOOPBACK: Final = "127.0.0.1"
_HTTP: Final = 80
# Interface, destination, gateway, flags, ..., metric, mask.
_ROUTES: Final = Path("/proc/net/route")
_METRIC, _MASK = 6, 7
_NAME: Final = re.compile(r"[a-z0-9-]{1,63}\.local\Z")
_MAX_NAME_BYTES: Final = 80

# <linux/sockios.h>, <net/if.h>
_SIOCGIFCONF: Final = 0x8912
_SIOCGIFFLAGS: Final = 0x8913
# struct ifreq and struct ifconf of 64-bit machines.
_NAME_BYTES: Final = 16
_IFREQ: Final = struct.Struct(f"{_NAME_BYTES}s24s")
_IFCONF: Final = struct.Struct("iP")
_MOST_ADDRESSES: Final = 256
_UP, _LOOP, _POINT_TO_POINT, _RUNNING = 0x1, 0x8, 0x10, 0x40
_CARRIES: Final = _UP | _RUNNING
_INNER: Final = re.compile(r"(docker|veth|virbr|br-|lxc|cni|podman)")
_WIRED: Final = re.compile(r"(en|eth)")


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """An IPv4 address of this machine, and the interface that has it."""

    interface: str
    address: str


def portal_addresses(listen: Address) -> list[str]:
    """Give the URLs under which the school's devices reach the portal now, best first.

    They hold addresses, which every device understands; ``portal_names`` gives names. Empty when
    the system chooses the port, since only the portal knows it then, and when this machine is on
    no network.
    """
    host, port = listen
    if not port:
        return []
    if host not in _WILDCARDS:
        return [url(host, port)]
    return [url(one.address, port) for one in own_addresses()]


def portal_address(listen: Address) -> str:
    """Give the best of these URLs; loopback's on no network, empty while the port is unknown."""
    addresses = portal_addresses(listen)
    if not addresses and listen[1]:
        return url(_LOOPBACK, listen[1])
    return addresses[0] if addresses else ""


def portal_names(listen: Address, name_file: Path = NAME_FILE) -> list[str]:
    """Give URLs with a name in place of an address, which not every device understands."""
    host, port = listen
    if not port or host not in _WILDCARDS:
        return []
    names = [HOTSPOT_NAME] if _is_hotspot() else []
    published = _published(name_file)
    if published:
        names.append(published)
    return [url(name, port) for name in names]


def url(host: str, port: int) -> str:
    """Write an address as a browser takes it."""
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}/" if port == _HTTP else f"http://{host}:{port}/"


def is_told_by_avahi(needed: Sequence[Path] = _AVAHI) -> bool:
    """Say whether avahi runs and has this node's service file."""
    return all(one.exists() for one in needed)


def own_addresses() -> list[OwnAddress]:
    """List this machine's addresses on networks, best first.

    First those of the interface that leads elsewhere, then wired ones; one that a machine without
    DHCP has given itself comes last.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        found = [one for one in _configured(probe) if _is_lan(probe, one)]
    outward = _outward()
    return sorted(
        found,
        key=lambda one: (
            ipaddress.ip_address(one.address).is_link_local,
            one.interface != outward,
            not _WIRED.match(one.interface),
            one.interface,
        ),
    )


def _configured(probe: socket.socket) -> list[OwnAddress]:
    """Ask for the addresses of all interfaces that are up."""
    room = array.array("B", bytes(_IFREQ.size * _MOST_ADDRESSES))
    place, _ = room.buffer_info()
    request = bytearray(_IFCONF.pack(len(room), place))
    fcntl.ioctl(probe, _SIOCGIFCONF, request)
    length, _ = _IFCONF.unpack(request)
    found = []
    for name, address in _IFREQ.iter_unpack(room.tobytes()[:length]):
        (family,) = struct.unpack_from("H", address)
        if family == socket.AF_INET:
            interface = name.partition(b"\0")[0].decode("ascii", "replace")
            found.append(OwnAddress(interface, socket.inet_ntoa(address[4:8])))
    return found


def _is_lan(probe: socket.socket, one: OwnAddress) -> bool:
    """Say whether other devices are behind an interface."""
    if _INNER.match(one.interface):
        return False
    flags = _flags(probe, one.interface)
    return flags & _CARRIES == _CARRIES and not flags & (_LOOP | _POINT_TO_POINT)


def _flags(probe: socket.socket, interface: str) -> int:
    request = bytearray(_IFREQ.pack(interface.encode(), b""))
    try:
        fcntl.ioctl(probe, _SIOCGIFFLAGS, request)
    except OSError:
        return 0  # just unplugged
    flags: int = struct.unpack_from("H", request, _NAME_BYTES)[0]
    return flags


def carrying(interfaces: Iterable[str]) -> set[str]:
    """Give those of some interfaces that lead out of this machine, modems' included."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        flags = {one: _flags(probe, one) for one in interfaces if not _INNER.match(one)}
    return {one for one, its in flags.items() if its & _CARRIES == _CARRIES and not its & _LOOP}


def all_addresses() -> list[OwnAddress]:
    """List the IPv4 addresses of all interfaces, also of those without a carrier."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return _configured(probe)


def _outward() -> str:
    """Name the interface that leads elsewhere, by the routes' metric; empty when none does."""
    try:
        rows = [line.split() for line in _ROUTES.read_text("ascii").splitlines()[1:]]
    except OSError:
        return ""
    ways = [
        (int(row[_METRIC]), row[0])
        for row in rows
        if len(row) > _MASK and int(row[1], 16) == 0 and int(row[_MASK], 16) == 0
    ]
    return min(ways, default=(0, ""))[1]


def _is_hotspot() -> bool:
    return any(one.address == HOTSPOT_ADDRESS for one in own_addresses())


def _published(path: Path) -> str:
    """Give the name that avahi gives at this moment, or nothing."""
    try:
        with path.open("rb") as file:
            name = file.read(_MAX_NAME_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if _NAME.match(name) else ""
