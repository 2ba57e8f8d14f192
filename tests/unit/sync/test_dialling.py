"""Whichever address of a name answers is taken, quickly, and remembered."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpcore
import pytest

from sync.dialling import Dialler
from sync.racing import Address, first_to_answer
from sync.tls import unused

INET, INET6 = socket.AF_INET, socket.AF_INET6


class Time:
    """A clock that runs on with each look at it, so that nobody waits long."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


@pytest.fixture
def silent() -> Iterator[Address]:
    """Give an address where connections are neither taken nor refused."""
    with socket.socket(INET, socket.SOCK_STREAM) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(3):
            one = socket.socket(INET, socket.SOCK_STREAM)
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        yield Address(INET, full.getsockname())
        for one in waiting:
            one.close()


def closed() -> Address:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return Address(INET, one.getsockname())


def open_at(listener: socket.socket) -> Address:
    return Address(INET, listener.getsockname())


def test_an_address_that_refuses_is_passed_over(listener: socket.socket) -> None:
    connection, winner = first_to_answer([closed(), open_at(listener)], None, Time())
    connection.close()
    assert winner == open_at(listener)


def test_an_address_of_another_family_than_the_line_has_is_passed_over(
    listener: socket.socket,
) -> None:
    # 100::/64 discards; without a route to it, the system says so at once.
    nowhere = Address(INET6, ("100::1", 80, 0, 0))
    connection, winner = first_to_answer([nowhere, open_at(listener)], 60, Time(0.5))
    connection.close()
    assert winner == open_at(listener)


def test_a_line_that_has_only_the_sixth_version_is_enough(names: "Names") -> None:
    with socket.create_server(("::1", 0), family=INET6) as listener:
        names.found = [closed(), Address(INET6, listener.getsockname())]
        reach(dialler())


def test_the_next_address_is_tried_while_one_is_silent(
    listener: socket.socket, silent: Address
) -> None:
    connection, winner = first_to_answer([silent, open_at(listener)], 60, Time(0.7))
    connection.close()
    assert winner == open_at(listener)


def test_it_gives_up_in_time(silent: Address) -> None:
    with pytest.raises(TimeoutError):
        first_to_answer([silent], 5, Time(2.4))


def test_a_refusal_is_told_rather_than_silence(silent: Address) -> None:
    del silent
    with pytest.raises(ConnectionRefusedError):
        first_to_answer([closed(), Address(INET6, ("100::1", 80, 0, 0))], 60, Time(0.5))


class Names:
    """The name service of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.found: list[Address] = []
        monkeypatch.setattr("sync.dialling.socket.getaddrinfo", self._look_up)

    def _look_up(self, *_: object, **__: object) -> list[tuple[int, int, int, str, object]]:
        self.asked += 1
        if not self.found:
            raise socket.gaierror(socket.EAI_AGAIN, "not now")
        return [(one.family, 0, 0, "", one.address) for one in self.found]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def dialler() -> Dialler:
    return Dialler(unused(), Time(), lambda _: None)


def reach(one: Dialler) -> None:
    with closing(one.connect_tcp("hub.example", 80, 5)):
        pass


def test_a_name_is_asked_for_once(names: Names, listener: socket.socket) -> None:
    names.found = [closed(), open_at(listener)]
    one = dialler()
    for _ in range(3):
        reach(one)
    assert names.asked == 1


def test_a_name_service_that_fails_later_costs_nothing(
    names: Names, listener: socket.socket
) -> None:
    names.found = [open_at(listener)]
    one = dialler()
    reach(one)
    names.found = []
    reach(one)


def test_a_name_is_asked_for_again_when_its_address_is_silent(
    names: Names, listener: socket.socket
) -> None:
    first = socket.create_server(("127.0.0.1", 0))
    names.found = [open_at(first)]
    one = dialler()
    reach(one)
    first.close()
    names.found = [open_at(listener)]
    reach(one)
    assert names.asked == 2


def test_an_address_that_falls_silent_takes_the_time_of_one_try_only(
    names: Names, listener: socket.socket
) -> None:
    one = Dialler(unused(), Time(1.2), lambda _: None)
    with closing(socket.socket(INET, socket.SOCK_STREAM)) as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        names.found = [open_at(full)]
        reach(one)
        for _ in range(3):
            other = waiting.enter_context(closing(socket.socket(INET, socket.SOCK_STREAM)))
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        names.found = [open_at(listener)]
        with pytest.raises(httpcore.ConnectTimeout):
            reach(one)
        reach(one)
    assert names.asked == 2


def test_an_unknown_name_is_told(names: Names) -> None:
    with pytest.raises(httpcore.ConnectError) as caught:
        reach(dialler())
    assert isinstance(caught.value.__cause__, socket.gaierror)
    assert names.asked == 1


def test_whatever_the_dialler_opens_is_counted(names: Names, listener: socket.socket) -> None:
    names.found = [open_at(listener)]
    opened: list[int] = []
    reach(Dialler(unused(), Time(), lambda one: opened.append(one.getpeername()[1])))
    assert opened == [listener.getsockname()[1]]


def test_the_dialler_verifies_with_its_own_context() -> None:
    tls = unused()
    assert Dialler(tls, Time(), lambda _: None).context is tls.context
    assert isinstance(tls.context, ssl.SSLContext)


def test_packets_to_a_near_upstream_leave_no_network(listener: socket.socket) -> None:
    near = open_at(listener)._replace(hops=1)
    connection, winner = first_to_answer([near], None, Time())
    assert connection.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 1
    assert winner == near
    connection.close()


def test_where_a_cap_holds_back_little_waits_in_the_systems_buffer(
    listener: socket.socket,
) -> None:
    rate: list[float | None] = [1000.0]
    opened: list[socket.socket] = []
    dialler = Dialler(unused(), Time(), opened.append, capped=lambda: rate[0])

    stream = dialler.connect_tcp(*listener.getsockname())
    # Linux keeps as much again for its own books.
    assert opened[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * 8192
    there = listener.accept()[0]
    there.sendall(b"x" * 8192)
    came = b""
    while len(came) < 8192:
        part = stream.read(65_536)
        assert len(part) <= 8192
        came += part
    stream.close()
    there.close()

    rate[0] = None
    usual = dialler.connect_tcp(*listener.getsockname())
    assert opened[1].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > 8 * 8192
    usual.close()


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        (1000.0, 1000.0, True),
        (5000.0, 8000.0, True),
        (5000.0, 12_000.0, False),
        (12_000.0, 5000.0, False),
        (5000.0, None, False),
        (None, 5000.0, False),
        (None, None, True),
        (None, 1e9, True),
    ],
)
def test_a_connection_whose_buffer_fits_no_more_is_not_used_again(
    listener: socket.socket, before: float | None, after: float | None, *, fits: bool
) -> None:
    rate = [before]
    dialler = Dialler(unused(), Time(), lambda _: None, capped=lambda: rate[0])
    stream = dialler.connect_tcp(*listener.getsockname())
    rate[0] = after
    assert stream.get_extra_info("is_readable") is not fits
    stream.close()
