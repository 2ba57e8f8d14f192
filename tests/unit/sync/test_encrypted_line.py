"""Under TLS, too, each fault of the line is told apart, and a new connection costs little."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cache.clock import Clock
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.patience import Patience, Timing
from sync.source import SourceError
from sync.tls import Tls, verified
from tests.support.encryption import Encryption, encryption
from tests.support.http_repository import Cut, HttpRepository

DATA = bytes(range(256)) * 400
NOW = datetime.now(UTC)


@pytest.fixture
def ends(tmp_path: Path) -> Encryption:
    return encryption(tmp_path)


@pytest.fixture
def server(tmp_path: Path, ends: Encryption) -> Iterator[HttpRepository]:
    (tmp_path / "file").write_bytes(DATA)
    repository = HttpRepository(tmp_path)
    repository.wrap(lambda one: ends.server.wrap_socket(one, server_side=True))
    with repository as running:
        yield running


def source_of(port: int, ends: Encryption, tls: Tls | None = None) -> HttpSource:
    tls = tls or verified(ends.authority, "the hub", NOW, clock_verified=True)
    timing = Timing(Clock().monotonic, lambda _: None, Patience(connect=60, gap=2, least_rate=1))
    return HttpSource(HttpClient(f"https://localhost:{port}", tls, timing))


def port_of(server: HttpRepository) -> int:
    return int(server.url.rpartition(":")[2])


@contextmanager
def answering(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen once; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                behave(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def fault_at(port: int, ends: Encryption) -> SourceError:
    with closing(source_of(port, ends)) as source, pytest.raises(SourceError) as caught:
        source.read("file", len(DATA))
    return caught.value


def test_a_second_connection_goes_on_with_the_session_of_the_first(
    server: HttpRepository, ends: Encryption
) -> None:
    faults = [Cut(50_000), None]
    server.fault = lambda _: faults.pop(0)
    with closing(source_of(port_of(server), ends)) as source:
        with pytest.raises(SourceError) as caught:
            source.read("file", len(DATA))
        first = source.traffic()
        assert source.read("file", len(DATA)) == DATA
        second = source.traffic()
    assert caught.value.fault == "truncated"
    assert second.connections == 2
    # Without the session, the certificates would come again.
    assert second.received - first.received - len(DATA) < first.received - 50_000 - 300
    assert ends.server.session_stats()["hits"] == 1


def test_a_resumed_session_is_still_judged_by_the_floor_of_time(
    server: HttpRepository, ends: Encryption
) -> None:
    looked: list[int] = []
    context = verified(ends.authority, "the hub", NOW, clock_verified=True).context
    tls = Tls(context, lambda certificate: looked.append(len(certificate)))
    server.fault = lambda _: Cut(10)
    with closing(source_of(port_of(server), ends, tls)) as source:
        for _ in range(2):
            with pytest.raises(SourceError):
                source.read("file", len(DATA))
    assert len(looked) == 2
    assert looked[0] == looked[1] > 100


@pytest.mark.parametrize("size", [10, 10_000])
def test_a_cut_within_the_agreement_is_a_cut(ends: Encryption, size: int) -> None:
    def hang_up(connection: socket.socket) -> None:
        # With something unread, it ends by reset.
        connection.recv(size)

    with answering(hang_up) as port:
        error = fault_at(port, ends)
    assert (error.fault, error.reaction) == ("cut", "again")


def test_a_page_that_answers_in_the_clear_is_named(ends: Encryption) -> None:
    def page(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with answering(page) as port:
        error = fault_at(port, ends)
    assert (error.fault, error.reaction) == ("insecure", "person")
    assert "does not encrypt" in str(error)


def test_whoever_opens_the_encryption_is_named(tmp_path: Path, ends: Encryption) -> None:
    (tmp_path / "filter").mkdir()
    other = encryption(tmp_path / "filter")

    def filtering(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            other.server.wrap_socket(connection, server_side=True)

    with answering(filtering) as port:
        error = fault_at(port, ends)
    assert (error.fault, error.reaction) == ("intercepted", "person")
    assert "opens the encryption" in error.hint


def test_a_certificate_for_another_name_is_told_apart_from_that(
    tmp_path: Path, ends: Encryption
) -> None:
    (tmp_path / "other").mkdir()
    other = encryption(tmp_path / "other", ["other.example"])

    def answer(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            other.server.wrap_socket(connection, server_side=True)

    with answering(answer) as port:
        tls = verified(other.authority, "the hub", NOW, clock_verified=True)
        with closing(source_of(port, ends, tls)) as source, pytest.raises(SourceError) as caught:
            source.read("file", 10)
    assert caught.value.fault == "tls"
    assert "localhost" in str(caught.value)


def test_flipped_bytes_break_a_record_and_are_asked_for_again(ends: Encryption) -> None:
    def spoilt(connection: socket.socket) -> None:
        encrypted = ends.server.wrap_socket(connection, server_side=True)
        encrypted.recv(1000)
        plain = socket.socket(fileno=encrypted.detach())
        plain.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
        plain.close()

    with answering(spoilt) as port:
        error = fault_at(port, ends)
    assert (error.fault, error.reaction) == ("garbled", "again")
