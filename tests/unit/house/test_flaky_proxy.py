"""The bad line of tests and benchmarks does what it says."""

import gc
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.flaky_line import PAGE, Fate, Flaws
from tests.support.flaky_proxy import FlakyProxy

SIZE = 200_000
DATA = bytes(range(250)) * (SIZE // 250)


class Sender(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Send all of it to whoever says something, and hang up."""
        if self.request.recv(100):
            try:
                self.request.sendall(DATA)
            except OSError:
                return


@pytest.fixture
def server() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sender) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running.server_address[1]
        running.shutdown()
        thread.join()


@contextmanager
def asking(line: FlakyProxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", line.port), timeout=60) as connection:
        connection.sendall(b"?")
        yield connection


def received(connection: socket.socket) -> bytes:
    parts = []
    while data := connection.recv(65536):
        parts.append(data)
    return b"".join(parts)


def test_a_line_without_flaws_passes_everything_on_and_counts_it(server: int) -> None:
    with FlakyProxy(server, Flaws()) as line, asking(line) as connection:
        assert received(connection) == DATA
        connection.close()
        while not line.count().segments:
            time.sleep(0.01)
        count = line.count()
    assert (count.connections, count.cuts, count.down, count.up) == (1, 0, SIZE, 1)
    # Segments as on a real line, and the acknowledgements that the system made of them.
    assert SIZE / 1448 < count.segments < 2.5 * SIZE / 1448
    assert count.wire == SIZE + 1 + 52 * count.segments


def test_rate_and_latency_hold(server: int) -> None:
    with FlakyProxy(server, Flaws(rate=400_000, latency=0.1)) as line:
        begun = time.monotonic()
        with asking(line) as connection:
            connection.recv(1)
            first = time.monotonic() - begun
            received(connection)
        taken = time.monotonic() - begun
    # A round trip to connect, another to ask.
    assert first >= 0.4
    assert taken >= 0.4 + SIZE / 400_000


def test_a_cut_by_bytes_in_good_order_looks_like_the_end(server: int) -> None:
    with FlakyProxy(server, Flaws(cut_bytes=70_001, ending="close")) as line:
        for _ in range(2):
            with asking(line) as connection:
                assert received(connection) == DATA[:70_001]
        assert line.count().cuts == 2


def test_a_cut_by_reset_is_one(server: int) -> None:
    with FlakyProxy(server, Flaws(cut_bytes=1000)) as line, asking(line) as connection:
        assert DATA.startswith(connection.recv(1000))
        with pytest.raises(ConnectionResetError):
            received(connection)
        assert line.count().cuts == 1


def test_a_cut_by_time_ends_what_is_under_way(server: int) -> None:
    flaws = Flaws(rate=20_000, cut_seconds=2.0, ending="close")
    with FlakyProxy(server, flaws) as line, asking(line) as connection:
        came = received(connection)
    assert came == DATA[: len(came)]
    assert 1448 < len(came) < SIZE


def test_silence_leaves_the_connection_open(server: int) -> None:
    with (
        FlakyProxy(server, Flaws(cut_bytes=1000, ending="silence")) as line,
        asking(line) as connection,
    ):
        assert len(connection.recv(1000, socket.MSG_WAITALL)) == 1000
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_login_page_answers(server: int) -> None:
    with FlakyProxy(server, Flaws(portals=1)) as line, asking(line) as connection:
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(PAGE)


def test_a_refusal_is_a_reset(server: int) -> None:
    with (
        FlakyProxy(server, Flaws(refusals=1)) as line,
        pytest.raises(ConnectionResetError),
        asking(line) as connection,
    ):
        connection.recv(1)


def test_bits_flip_as_often_as_it_says_and_the_same_ones_again(server: int) -> None:
    found = []
    for _ in range(2):
        with FlakyProxy(server, Flaws(flips=1e-4, seed=3)) as line, asking(line) as connection:
            found.append(received(connection))
    assert found[0] == found[1]
    wrong = [(a ^ b).bit_count() for a, b in zip(found[0], DATA, strict=True) if a != b]
    assert 5 <= len(wrong) <= 45
    assert set(wrong) == {1}


def test_what_happens_to_a_connection_depends_on_seed_and_number_alone() -> None:
    flaws = Flaws(flips=0.01, portals=0.5, refusals=0.5, seed=1)
    fates = [Fate(flaws, number) for number in range(40)]
    assert {one.is_refused for one in fates} == {one.meets_portal for one in fates} == {True, False}
    # However the bytes come, the same ones are spoilt.
    whole = Fate(flaws, 7).spoilt(DATA)
    one = Fate(flaws, 7)
    assert whole == b"".join(one.spoilt(DATA[at : at + 777]) for at in range(0, SIZE, 777))
    assert whole != Fate(flaws, 8).spoilt(DATA)


@pytest.mark.parametrize("word", [b"", b"?"] * 5)
def test_a_line_that_is_closed_while_a_client_comes_leaves_nothing_open(
    server: int, word: bytes
) -> None:
    """What was left open would be told when it is collected, which fails the test."""
    with socket.socket() as client, FlakyProxy(server, Flaws()) as line:
        client.connect(("127.0.0.1", line.port))
        client.sendall(word)
    gc.collect()
