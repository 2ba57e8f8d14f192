import socket
import threading
from collections.abc import Iterator

import pytest

from core.errors import UsageError
from packhorse.line import LineOptions, running_line


@pytest.fixture
def shouter() -> Iterator[tuple[str, int]]:
    """A synchronous server that says eight bytes to each caller."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    caller.sendall(b"packmule")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def hear(address: tuple[str, int]) -> bytes:
    """Connect and hear eight bytes; nothing when the connection is reset.

    A reset may come before ``connect`` itself has returned.
    """
    try:
        with socket.create_connection(address, timeout=10) as caller:
            return caller.recv(8, socket.MSG_WAITALL)
    except ConnectionResetError:
        return b""


def test_synchronous_code_has_a_line_of_its_own(shouter: tuple[str, int]) -> None:
    with running_line(shouter, LineOptions(rate=1_000_000)) as line:
        assert hear(line.address) == b"packmule"
        assert line.stats().down == 8
        line.down()
        assert hear(line.address) == b""
        line.up()
        line.reset_stats()
        assert hear(line.address) == b"packmule"
        assert (line.stats().down, line.stats().connections) == (8, 1)
        assert line.url == f"http://127.0.0.1:{line.address[1]}"
    with pytest.raises(ConnectionRefusedError):
        hear(line.address)


def test_errors_reach_the_caller(shouter: tuple[str, int]) -> None:
    with running_line(shouter) as line:
        with pytest.raises(UsageError):
            line.change(flip_chance=2.0)
        line.change(cut_after=3)
        assert hear(line.address) in {b"", b"pac"}
    with (
        pytest.raises(OSError, match="address already in use"),
        running_line(shouter, listen=shouter),
    ):
        pytest.fail("two servers on one port")
