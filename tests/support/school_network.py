"""A school on one machine: two nodes on a network, and one thin line from it to the hub.

The switch is in the hub's namespace. What two nodes send each other passes it without entering
that host; what its own interface counts is what crosses the line.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.namespaces import Host, ip, namespaces, quiet


@dataclass(frozen=True)
class SchoolNetwork:
    """The hosts.

    Attributes:
        hub: at the other end of the line.
        nodes: on the school's network.
    """

    hub: Host
    nodes: tuple[Host, Host]

    def crossed(self) -> int:
        """Give the bytes that have crossed the line, both ways."""
        return sum(self.hub.bytes_crossed())

    def block_discovery(self) -> None:
        """Let the switch pass on nothing that is sent to many."""
        for node in self.nodes:
            self.hub.run("bridge", "link", "set", "dev", f"to-{node.device}", "mcast_flood", "off")
        path = f"/sys/class/net/{self.hub.device}/bridge/multicast_snooping"
        self.hub.run("sh", "-c", f"echo 1 > {path}")


@contextmanager
def school_network(kilobits: int) -> Iterator[SchoolNetwork]:
    """Join a hub and two nodes for as long as the ``with`` block lasts.

    Args:
        kilobits: what the line carries to the school in a second.
    """
    mark = secrets.token_hex(2)
    hub = Host(f"ph-{mark}-hub", "10.231.8.1", f"ph{mark}h")
    nodes = (
        Host(f"ph-{mark}-a", "10.231.8.11", f"ph{mark}a"),
        Host(f"ph-{mark}-b", "10.231.8.12", f"ph{mark}b"),
    )
    with namespaces(hub, *nodes):
        hub.run("ip", "link", "add", hub.device, "type", "bridge", "mcast_snooping", "0")
        for node in nodes:
            port = f"to-{node.device}"
            ip(
                *("link", "add", node.device, "netns", node.name, "type", "veth"),
                *("peer", "name", port, "netns", hub.name),
            )
            hub.run("ip", "link", "set", port, "master", hub.device, "up")
            quiet(hub, port)
        for host in (hub, *nodes):
            host.run("ip", "addr", "add", f"{host.address}/24", "dev", host.device)
            host.run("ip", "link", "set", "lo", "up")
            host.run("ip", "link", "set", host.device, "up")
            quiet(host, host.device)
        hub.run(
            *("tc", "qdisc", "add", "dev", hub.device, "root", "tbf", "rate", f"{kilobits}kbit"),
            *("burst", "8kb", "latency", "400ms"),
        )
        yield SchoolNetwork(hub, nodes)
