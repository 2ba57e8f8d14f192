"""Every failure of a line or a proxy has a name and a sentence of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import RefusedError
from sync.patience import Patience
from sync.source import MissingError, SourceError
from tests.support.http_repository import (
    PORTAL,
    Answer,
    Cut,
    Fault,
    HttpRepository,
    OtherRange,
    OtherTag,
    ShortBody,
    Stall,
    Trickle,
    TrickleHeaders,
    Whole,
)
from tests.support.node_state import http_source

DATA = bytes(range(256)) * 40
PATIENT = Patience(connect=60, gap=60, stretch=60, least_rate=1)


def patience_for(fault: Fault) -> Patience:
    """Be impatient with what a fault holds back, and with nothing else: machines are busy."""
    match fault:
        case Stall():
            return replace(PATIENT, gap=0.3)
        case Trickle() | TrickleHeaders():
            return replace(PATIENT, stretch=0.4, least_rate=1000)
        case _:
            return PATIENT


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpRepository]:
    (tmp_path / "file").write_bytes(DATA)
    with HttpRepository(tmp_path) as running:
        yield running


def fetch(server: HttpRepository, patience: Patience | None = None) -> bytes:
    with closing(http_source(server.url, patience)) as source:
        return b"".join(source.open_range("file", 100, 9000))


def test_reads_whole_files_and_ranges_over_one_connection(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        assert source.read("file", len(DATA)) == DATA
        assert b"".join(source.open_range("file", 100, 9000)) == DATA[100:9000]
        document = source.poll("file", len(DATA), "")
        assert document is not None
        assert document.data == DATA
        assert source.poll("file", len(DATA), document.validator) is None
        traffic = source.traffic()
    assert (traffic.connections, traffic.requests) == (1, 4)
    assert len(server.requests) == 4


def test_sends_few_headers(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        source.read("file", len(DATA))
    assert server.requests[0].headers == ["Host", "User-Agent", "Accept-Encoding"]


def test_counts_bytes_as_the_system_does(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        source.read("file", len(DATA))
        traffic = source.traffic()
    assert traffic.measured
    assert len(DATA) + 60 < traffic.received < len(DATA) + 300
    assert traffic.line_received > traffic.received + 66
    assert traffic.line_sent > traffic.sent > 60


@pytest.mark.parametrize(
    ("fault", "name", "words"),
    [
        (Cut(500), "truncated", "in the middle of file"),
        (Stall(500), "stalled", "does not answer any more"),
        (Trickle(0.05), "slow", "too slowly"),
        (TrickleHeaders(0.05), "slow", "too slowly"),
        (OtherRange(), "wrong-range", "another part of file"),
        (ShortBody(10), "truncated", "in the middle of file"),
        (PORTAL, "portal", "login page"),
        (Answer(206, b"<html>", {"Content-Type": "text/html"}), "portal", "login page"),
        (Answer(302, b"", {"Location": "http://portal.example/"}), "portal", "login page"),
        (Answer(302, b"", {"Location": "/login"}), "portal", "login page"),
        (Answer(301, b"", {"Location": "https://127.0.0.1/file"}), "moved", "has moved to https:"),
        (Answer(511, b"", {}), "portal", "login page"),
        (Answer(206, b"x", {"Content-Encoding": "gzip"}), "altered", "changed on its way"),
        (Answer(404), "missing", "has no file file"),
        (Answer(429, b"", {"Retry-After": "7"}), "busy", "HTTP 429"),
        (Answer(503), "busy", "HTTP 503"),
        (Answer(502), "failing", "fails (HTTP 502)"),
        (Answer(416), "cut-short", "shorter than it should be"),
        (Answer(403), "denied", "does not give file"),
    ],
)
def test_each_fault_is_told_apart(
    server: HttpRepository, fault: Fault, name: str, words: str
) -> None:
    server.fault = lambda _: fault
    with pytest.raises(SourceError) as caught:
        fetch(server, patience_for(fault))
    assert caught.value.fault == name
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_missing_file_is_an_error_of_its_own(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source, pytest.raises(MissingError):
        source.read("other", 10)


def test_a_busy_hub_says_how_long_to_wait(server: HttpRepository) -> None:
    server.fault = lambda _: Answer(429, b"", {"Retry-After": "7"})
    with closing(http_source(server.url)) as source, pytest.raises(SourceError) as caught:
        source.read("file", 10)
    assert caught.value.retry_after == 7


def test_a_moment_to_wait_for_is_understood_by_the_hubs_own_clock(server: HttpRepository) -> None:
    headers = {
        "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Retry-After": "Thu, 01 Jan 1970 00:02:00 GMT",
    }
    server.fault = lambda _: Answer(503, b"", headers)
    with closing(http_source(server.url)) as source, pytest.raises(SourceError) as caught:
        source.read("file", 10)
    assert caught.value.retry_after == 120


@pytest.mark.parametrize("words", ["soon", "-5", "", "Thu, 01 Jan 1970", "9" * 400])
def test_nonsense_about_waiting_is_no_wait_that_hurts(server: HttpRepository, words: str) -> None:
    server.fault = lambda _: Answer(503, b"", {"Retry-After": words})
    with closing(http_source(server.url)) as source, pytest.raises(SourceError) as caught:
        source.read("file", 10)
    assert 0 <= caught.value.retry_after <= 3600


def test_a_whole_file_in_place_of_a_part_is_used_where_little_comes_before_it(
    server: HttpRepository,
) -> None:
    server.fault = lambda _: Whole()
    with closing(http_source(server.url)) as source:
        assert b"".join(source.open_range("file", 100, 9000)) == DATA[100:9000]
        assert b"".join(source.open_range("file", 0, len(DATA))) == DATA
        with pytest.raises(SourceError) as caught:
            b"".join(source.open_range("file", 100, len(DATA) + 1))
    assert caught.value.fault == "truncated"


def test_a_whole_file_in_place_of_its_end_is_not_read_through(
    server: HttpRepository, tmp_path: Path
) -> None:
    (tmp_path / "large").write_bytes(bytes(4_000_000))
    server.fault = lambda _: Whole()
    with closing(http_source(server.url)) as source, pytest.raises(SourceError) as caught:
        b"".join(source.open_range("large", 3_900_000, 4_000_000))
    assert (caught.value.fault, caught.value.reaction) == ("no-range", "elsewhere")


def test_a_changed_file_is_noticed(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        assert b"".join(source.open_range("file", 0, 10)) == DATA[:10]
        server.fault = lambda _: OtherTag("new")
        with pytest.raises(SourceError) as caught:
            b"".join(source.open_range("file", 10, 20))
        assert caught.value.fault == "changed"


def test_an_answer_without_a_tag_says_nothing_of_a_change(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        for tag in ("old", "", "old"):
            server.fault = lambda _, tag=tag: OtherTag(tag)  # type: ignore[misc]
            assert b"".join(source.open_range("file", 0, 10)) == DATA[:10]


def test_more_than_allowed_is_refused_before_it_is_read(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        with pytest.raises(RefusedError, match=r"file is too large: more than 1000 bytes"):
            source.read("file", 1000)
        assert source.traffic().received < 3 * len(DATA)


def test_the_next_request_after_a_cut_works(server: HttpRepository) -> None:
    faults: list[Fault | None] = [Cut(500), None]
    server.fault = lambda _: faults.pop(0)
    with closing(http_source(server.url)) as source:
        with pytest.raises(SourceError):
            b"".join(source.open_range("file", 0, 5000))
        assert b"".join(source.open_range("file", 500, 5000)) == DATA[500:5000]
        assert source.traffic().connections == 2


def test_leaving_a_range_early_hangs_up(server: HttpRepository) -> None:
    with closing(http_source(server.url)) as source:
        stream = source.open_range("file", 0, len(DATA))
        next(stream)
        stream.close()
        assert source.read("file", len(DATA)) == DATA
        assert source.traffic().connections == 2


def test_nobody_listens() -> None:
    # Taken, so that nobody else can come to listen there meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with closing(http_source(url)) as source, pytest.raises(SourceError) as caught:
            source.read("file", 10)
    assert caught.value.fault == "refused"


def test_an_unknown_name() -> None:
    with (
        closing(http_source("http://hub.invalid")) as source,
        pytest.raises(SourceError) as caught,
    ):
        source.read("file", 10)
    assert caught.value.fault == "name"
    assert "hub.invalid" in str(caught.value)


def test_a_hub_that_hangs_up_without_a_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with closing(http_source(url)) as source, pytest.raises(SourceError) as caught:
            source.read("file", 10)
        thread.join()
    assert caught.value.fault == "cut"


def test_nonsense_instead_of_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(b"220 mail.example ESMTP\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=babble)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with closing(http_source(url)) as source, pytest.raises(SourceError) as caught:
            source.read("file", 10)
        thread.join()
    assert caught.value.fault == "garbled"
