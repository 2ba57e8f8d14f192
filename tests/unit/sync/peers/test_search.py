"""Finding nodes by zeroconf: on a loopback network of this machine's own."""

import socket
from threading import Event

from zeroconf import ServiceInfo, Zeroconf

from core.peers import SERVICE
from sync.peers.company import Found
from sync.peers.search import search

LOOPBACK = ("127.0.0.1",)


def test_a_node_is_found_under_its_name_and_only_under_addresses_of_a_network() -> None:
    addresses = ["127.0.0.1", "10.9.8.7", "224.0.0.9", "0.0.0.0"]  # noqa: S104 - published only
    speaker = Zeroconf(interfaces=list(LOOPBACK))
    try:
        speaker.register_service(
            ServiceInfo(
                SERVICE, f"Packhorse at one.{SERVICE}", 8080, server="one.local.",
                addresses=[socket.inet_aton(one) for one in addresses],
            )
        )  # fmt: skip
        found = search(2.5, None, LOOPBACK)
    finally:
        speaker.close()
    assert found == [Found("10.9.8.7:8080", "Packhorse at one")]


def test_where_nobody_is_nobody_is_found() -> None:
    assert search(0.1, None, LOOPBACK) == []


def test_without_a_network_nobody_is_found() -> None:
    assert search(0.1, None, ()) == []


def test_it_ends_when_it_is_told_to() -> None:
    stop = Event()
    stop.set()
    # The test's own limit ends it otherwise.
    assert search(1e6, stop, LOOPBACK) == []
