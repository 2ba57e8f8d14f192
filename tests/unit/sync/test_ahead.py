"""The next request is out before the present answer has ended, and nothing else changes."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cache.clock import Clock
from core.line.wire import Wire
from sync.ahead import MOST_CONNECTIONS, THREAD
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.patience import Patience, Timing
from sync.racing import first_to_answer
from sync.source import SourceError
from sync.tls import unused
from sync.use import Unlimited
from tests.support.http_repository import Asked, Cut, Fault, HttpRepository

SIZE = 3_000_000
DATA = random.Random(2).randbytes(SIZE)
PIECE = 1_000_000


class FarAway(Unlimited):
    """A line on which answers take long to begin."""

    def __init__(self, lead: int, largest: int = PIECE) -> None:
        self._lead = lead
        self._largest = largest

    def largest(self, _wire: Wire) -> int:
        return self._largest

    def lead(self) -> int:
        return self._lead


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpRepository]:
    (tmp_path / "file").write_bytes(DATA)
    with HttpRepository(tmp_path) as running:
        yield running


def source_of(server: HttpRepository, use: FarAway) -> HttpSource:
    patience = Patience(connect=60, gap=60, stretch=30, least_rate=1)
    timing = Timing(Clock().monotonic, lambda _: None, patience)

    def client() -> HttpClient:
        return HttpClient(server.url, unused(), timing, use)

    return HttpSource(client(), client)


def starts(server: HttpRepository) -> list[int | None]:
    return [asked.start for asked in server.requests]


def test_the_next_part_is_asked_for_before_the_present_one_has_come(
    server: HttpRepository,
) -> None:
    second = threading.Event()

    def fault(asked: Asked) -> Fault | None:
        if asked.start == PIECE:
            second.set()
        return None

    server.fault = fault
    with closing(source_of(server, FarAway(lead=SIZE))) as source:
        chunks = source.open_range("file", 0, SIZE)
        first = next(chunks)
        # Nothing is read any more, and yet it goes out.
        assert second.wait(60)
        assert first + b"".join(chunks) == DATA
        traffic = source.traffic()
    assert sorted(one or 0 for one in starts(server)) == [0, PIECE, 2 * PIECE]
    assert (traffic.requests, traffic.connections) == (3, 3)


def test_where_answers_begin_at_once_one_follows_the_other(server: HttpRepository) -> None:
    with closing(source_of(server, FarAway(lead=0))) as source:
        assert b"".join(source.open_range("file", 0, SIZE)) == DATA
        traffic = source.traffic()
    assert (traffic.requests, traffic.connections) == (3, 1)


def test_what_was_foreseen_is_asked_for_ahead_and_used(server: HttpRepository) -> None:
    ranges = [(number * 20_000, number * 20_000 + 5_000) for number in range(40)]
    with closing(source_of(server, FarAway(lead=12_000))) as source:
        for number, (start, stop) in enumerate(ranges):
            source.foresee("file", ranges[number + 1 : number + 9])
            assert b"".join(source.open_range("file", start, stop)) == DATA[start:stop]
        traffic = source.traffic()
    assert sorted(one or 0 for one in starts(server)) == [start for start, _ in ranges]
    assert traffic.requests == len(ranges)
    assert 1 < traffic.connections <= MOST_CONNECTIONS


def test_what_turns_out_not_to_be_wanted_is_hung_up(server: HttpRepository) -> None:
    with closing(source_of(server, FarAway(lead=SIZE))) as source:
        source.foresee("file", [(2_000_000, 2_500_000)])
        assert b"".join(source.open_range("file", 0, 10_000)) == DATA[:10_000]
        assert b"".join(source.open_range("file", 50_000, 60_000)) == DATA[50_000:60_000]
        # Small files too.
        source.foresee("file", [(2_000_000, 2_500_000)])
        assert b"".join(source.open_range("file", 0, 10_000)) == DATA[:10_000]
        assert source.read("file", SIZE) == DATA


def test_what_fails_ahead_fails_in_its_turn_and_the_rest_goes_on(server: HttpRepository) -> None:
    server.fault = lambda asked: Cut(100) if asked.start == PIECE else None
    came = bytearray()
    with closing(source_of(server, FarAway(lead=SIZE))) as source:
        chunks = source.open_range("file", 0, SIZE)
        with pytest.raises(SourceError, match="in the middle of file"):
            came.extend(b"".join(_kept(chunks, came)))
        assert bytes(came) == DATA[: PIECE + 100]
        server.fault = lambda _: None
        came.extend(b"".join(source.open_range("file", len(came), SIZE)))
    assert bytes(came) == DATA


def test_a_reader_that_stops_early_leaves_nothing_open(server: HttpRepository) -> None:
    with closing(source_of(server, FarAway(lead=SIZE))) as source:
        chunks = source.open_range("file", 0, SIZE)
        next(chunks)
        chunks.close()
        assert b"".join(source.open_range("file", 7, 9)) == DATA[7:9]
    assert not [one for one in threading.enumerate() if one.name == THREAD]


def test_connections_that_take_long_to_be_made_are_used_again_when_they_were_hung_up(
    server: HttpRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, may_go, asked_for = threading.Event(), threading.Event(), threading.Event()

    def slowly(*given: Any) -> Any:
        if threading.current_thread().name == THREAD:
            waiting.set()
            assert may_go.wait(60)
        return first_to_answer(*given)

    def fault(asked: Asked) -> Fault | None:
        if asked.start == 1_000_000:
            asked_for.set()
        return None

    monkeypatch.setattr("sync.dialling.first_to_answer", slowly)
    monkeypatch.setattr("sync.ahead._FAREWELL_SECONDS", 0.01)
    with closing(source_of(server, FarAway(lead=SIZE))) as source:
        for number in range(MOST_CONNECTIONS):
            source.foresee("file", [(2_000_000 + number, 2_500_000)])
            assert b"".join(source.open_range("file", 0, 10)) == DATA[:10]
            assert waiting.wait(60)
            source.poll("file", SIZE, "")
            may_go.set()
            for one in [one for one in threading.enumerate() if one.name == THREAD]:
                one.join()
            waiting.clear()
            may_go.clear()
        may_go.set()
        server.fault = fault
        source.foresee("file", [(1_000_000, 1_000_010)])
        assert b"".join(source.open_range("file", 0, 10)) == DATA[:10]
        assert asked_for.wait(60)


def _kept(chunks: Iterator[bytes], came: bytearray) -> Iterator[bytes]:
    """Keep what comes before a failure."""
    for chunk in chunks:
        came.extend(chunk)
        yield b""
