"""Finding nodes by zeroconf: on a loopback network of this machine's own."""

import socket
import struct
from collections.abc import Iterator
from threading import Event, Timer

import pytest
from zeroconf import EventLoopBlocked, ServiceInfo, Zeroconf

from core.peers import SERVICE
from sync.peers import search as searching
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


@pytest.fixture
def good() -> Iterator[Found]:
    """Let a node be found."""
    speaker = Zeroconf(interfaces=list(LOOPBACK))
    try:
        speaker.register_service(
            ServiceInfo(
                SERVICE, f"good.{SERVICE}", 80, server="good.local.",
                addresses=[socket.inet_aton("10.9.8.7")],
            )
        )  # fmt: skip
        yield Found("10.9.8.7:80", "good")
    finally:
        speaker.close()


def shout(*names: str) -> None:
    """Say that there are nodes of such names, as any device may."""
    answer, pointer, internet, seconds = 0x8400, 12, 1, 120
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK[0]))
        for name in map(labels, names):
            head = struct.pack("!6H", 0, answer, 0, 1, 0, 0) + labels(SERVICE)
            head += struct.pack("!HHIH", pointer, internet, seconds, len(name))
            mouth.sendto(head + name, ("224.0.0.251", 5353))


def labels(name: str) -> bytes:
    parts = [one.encode() for one in name.split(".")]
    return b"".join(bytes([len(one)]) + one for one in parts)


def test_a_name_that_is_none_of_a_node_hides_no_other(good: Found) -> None:
    names = ["a._http._tcp.local.", "a.example.", f"a\x1b[2J.{SERVICE}"]
    timer = Timer(0.5, shout, names)
    timer.start()
    found = search(1.5, None, LOOPBACK)
    timer.join()
    assert found == [good]


def test_a_search_that_fails_at_its_end_still_tells_what_it_found(
    good: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Zeroconf.close

    def failing(self: Zeroconf) -> None:
        real(self)
        raise EventLoopBlocked

    monkeypatch.setattr(searching, "Zeroconf", type("Late", (Zeroconf,), {"close": failing}))
    assert search(1.5, None, LOOPBACK) == [good]
