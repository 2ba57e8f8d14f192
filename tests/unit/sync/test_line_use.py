"""Hours, switches and budget hold on a real connection, and what travels is counted."""

import collections
import itertools
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.timetable_file import write_timetable
from core.line.estimator import with_rate
from core.line.ledger import Ledger
from core.line.requests import SMALLEST
from core.line.wire import Wire, wire_to
from core.names import PackId
from core.timetable import Channel, NodeTimetable, Slot
from sync.held import HeldError
from sync.use import Wanted
from tests.support.http_repository import Asked, Cut, Fault, HttpRepository
from tests.support.line import ALWAYS, Line

SIZE = 400_000
DATA = random.Random(1).randbytes(SIZE)
RATE = 32_000.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpRepository]:
    files = tmp_path / "files"
    files.mkdir()
    (files / "file").write_bytes(DATA)
    with HttpRepository(files) as running:
        yield running


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "node")


def believe(line: Line, rate: float = RATE) -> None:
    """Let the node have measured its line."""
    with closing(AgentDatabase(line.state)) as agent:
        agent.learn(lambda kept: with_rate(kept, rate))


def test_all_that_travels_is_counted_to_the_byte(server: HttpRepository, line: Line) -> None:
    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        source.read("file", SIZE)
        source.poll("file", SIZE, "")
        assert b"".join(source.open_range("file", 5, 300_000)) == DATA[5:300_000]
        traffic = source.traffic()
        assert line.ledger().reserved > 0
    kept = line.ledger()
    assert kept.used == traffic.line_received + traffic.line_sent > 1_000_000
    assert (kept.month, kept.reserved) == ("2026-11-01", 0)


def test_what_a_killed_run_had_reserved_counts_as_used(server: HttpRepository, line: Line) -> None:
    killed = line.use()
    line.fetch(server.url, killed)
    # No close: the process is gone.
    before = line.ledger()
    assert before.used + before.reserved > 100_000
    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        source.poll("file", SIZE, "")
    after = line.ledger()
    assert after.reserved == 0
    assert after.used >= before.used + before.reserved + SIZE


@pytest.mark.parametrize("budget", [1_000_000, 1_234_567])
def test_a_budget_is_used_nearly_to_its_end_and_never_exceeded(
    server: HttpRepository, line: Line, budget: int
) -> None:
    line.set(week=ALWAYS, budget=budget)
    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        again = itertools.chain.from_iterable(
            source.open_range("file", 0, SIZE) for _ in range(100)
        )
        with pytest.raises(HeldError) as caught:
            collections.deque(again, maxlen=0)
        traffic = source.traffic()
    moved = traffic.line_received + traffic.line_sent
    assert caught.value.hold == "budget"
    assert budget * 0.97 < moved <= budget
    assert line.ledger().used <= budget
    # In December (China's) it goes on.
    assert caught.value.until == datetime(2026, 11, 30, 16, tzinfo=UTC).timestamp()
    line.clock.advance(7 * 24 * 3600)
    with closing(line.use()) as use:
        line.fetch(server.url, use)
    assert line.ledger().month == "2026-12-01"


def test_at_the_end_of_a_budget_small_things_still_travel(
    server: HttpRepository, line: Line
) -> None:
    (server.directory / "tip").write_bytes(b"small")
    line.set(week=ALWAYS, budget=1_000_000)
    with closing(AgentDatabase(line.state)) as agent:
        agent.turn_month(date(2026, 11, 24), 1)
        agent.settle_bytes(0, 990_000)
    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        assert source.read("tip", 64 * 1024) == b"small"
        with pytest.raises(HeldError, match="budget of the line is used up"):
            source.read("file", SIZE)
    # What an upstream sends unasked crosses the line until it is told to stop.
    assert line.ledger().used <= 1_000_000 + 110_000


@pytest.mark.parametrize(
    ("left", "sent", "connects"),
    [(7_000, 300, True), (2_200, 300, False), (109_000, 100_000, False)],
)
def test_a_budget_that_a_small_request_may_exceed_allows_none(
    line: Line, left: int, sent: int, *, connects: bool
) -> None:
    line.set(week=ALWAYS, budget=1_000_000)
    with closing(AgentDatabase(line.state)) as agent:
        agent.turn_month(date(2026, 11, 24), 1)
        agent.settle_bytes(0, 1_000_000 - left)
    small = Wanted(64 * 1024, sent, is_steady=False, connects=connects)
    wire = wire_to("https://hub.example")
    with closing(line.use()) as use:
        with pytest.raises(HeldError, match="budget of the line is used up"):
            use.request(small, wire).__enter__()
        # With a little more it is thought to be as small as most are.
        line.set(week=ALWAYS, budget=1_002_000)
        line.clock.advance(3)
        with use.request(small, wire):
            assert line.ledger().reserved == left + 2_000


def test_what_an_answer_pretends_to_have_is_not_taken_from_the_budget(line: Line) -> None:
    line.set(week=ALWAYS, budget=1_000_000)
    small = Wanted(64 * 1024, 300, is_steady=False, connects=True)
    with closing(line.use()) as use, use.request(small, Wire()) as ticket:
        ticket.expect(999_999_999_999_999)
        assert 64 * 1024 < line.ledger().reserved < 1_000_000
    assert line.ledger().reserved == 0


@pytest.mark.parametrize(
    ("settings", "hold", "words"),
    [
        ({"paused": True}, "paused", "The line is paused."),
        (
            {"week": (0,) * 16 + (50,) + (0,) * 151},
            "hours",
            r"allow nothing before 2026-11-30 16:00",
        ),
        ({"week": (0,) * 47 + (50,) + (0,) * 120}, "hours", r"allow nothing before 23:00"),
    ],
)
def test_nothing_is_asked_for_when_nothing_may_travel(
    server: HttpRepository, line: Line, settings: dict[str, object], hold: str, words: str
) -> None:
    line.set(**settings)
    with closing(line.use()) as use, pytest.raises(HeldError, match=words) as caught:
        line.fetch(server.url, use)
    assert caught.value.hold == hold
    assert caught.value.hint
    assert not server.requests
    assert line.ledger() == Ledger()


def test_a_person_who_enrols_is_not_kept_waiting_but_it_counts(
    server: HttpRepository, line: Line
) -> None:
    line.set(paused=True)
    with closing(line.use(by_person=True)) as use:
        line.fetch(server.url, use)
    assert line.ledger().used > 100_000


def test_a_line_that_was_opened_is_open_whatever_the_hour(
    server: HttpRepository, line: Line
) -> None:
    now = line.clock.wall().timestamp()
    line.set(week=(50, *(0,) * 167), open_until=now + 3600)
    with closing(line.use()) as use:
        line.fetch(server.url, use)
    line.clock.advance(3601)
    with closing(line.use()) as use, pytest.raises(HeldError):
        line.fetch(server.url, use)


def test_while_a_class_needs_the_line_nothing_travels(server: HttpRepository, line: Line) -> None:
    minute = int(line.clock.wall().timestamp()) // 60
    slot = Slot(start=minute - 10, minutes=40, pack=PackId("demo/county/fish"), item="one")
    live = Channel(id="live", title={"en": "Live"}, slots=[slot])
    write_timetable(line.state.timetable, NodeTimetable(channels=[live]))
    with closing(line.use()) as use:
        line.fetch(server.url, use)
    line.set(week=ALWAYS, quiet=("live",))
    with closing(line.use()) as use, pytest.raises(HeldError, match=r"until 17:00") as caught:
        line.fetch(server.url, use)
    assert (caught.value.hold, caught.value.until) == ("class", (minute + 30) * 60)


def test_a_pause_stops_what_is_coming(server: HttpRepository, line: Line) -> None:
    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        chunks = source.open_range("file", 0, SIZE)
        assert 0 < len(next(chunks)) < SIZE
        line.set(paused=True)
        line.clock.advance(5)
        with pytest.raises(HeldError, match="paused"):
            next(chunks)


def test_an_answer_that_came_whole_is_used_though_nothing_more_may_travel(
    server: HttpRepository, line: Line
) -> None:
    (server.directory / "tip").write_bytes(b"small")

    def pause(_: Asked) -> None:
        line.set(week=ALWAYS, paused=True)
        line.clock.advance(10)

    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        server.fault = pause
        assert source.read("tip", 64 * 1024) == b"small"
        with pytest.raises(HeldError, match="paused"):
            source.read("tip", 64 * 1024)


def test_a_share_of_the_line_is_a_share_of_what_was_measured(
    server: HttpRepository, line: Line
) -> None:
    believe(line)
    line.set(week=(20,) * 168)
    before = line.clock.monotonic()
    with closing(line.use()) as use:
        line.fetch(server.url, use, 0, SIZE)
    seconds = line.clock.monotonic() - before
    # Headers are a part of the share.
    assert seconds == pytest.approx(SIZE * 1514 / 1448 / (RATE * 0.2), rel=0.05)
    assert max(line.slept) <= 30
    # What a cap held back says nothing about the line.
    assert AgentReader(line.state.agent).estimate().samples == (RATE,)


def test_the_cap_follows_the_hours_while_bytes_come(server: HttpRepository, line: Line) -> None:
    believe(line)
    # It is half past four on a Tuesday; from five on all of the line is free.
    line.set(week=(20,) * (24 + 17) + (100,) * (168 - 24 - 17))
    line.clock.advance(29.5 * 60)
    before = line.clock.monotonic()
    with closing(line.use()) as use:
        line.fetch(server.url, use, 0, SIZE)
    assert 25 < line.clock.monotonic() - before < 45


def test_a_configured_cap_holds_at_all_hours(server: HttpRepository, line: Line) -> None:
    before = line.clock.monotonic()
    with closing(line.use(limit=16_000)) as use:
        line.fetch(server.url, use, 0, SIZE)
    seconds = line.clock.monotonic() - before
    assert seconds == pytest.approx(SIZE * 1514 / 1448 / 16_000, rel=0.1)


def test_a_line_that_nobody_has_measured_is_measured_first(
    server: HttpRepository, line: Line
) -> None:
    line.set(week=(20,) * 168)
    with closing(line.use()) as use, closing(line.source(server.url, use)) as source:
        for _ in source.open_range("file", 0, SIZE):
            if not use.estimate.is_measured:
                assert not line.slept
                line.clock.advance(3)
        assert use.estimate.is_measured
    assert line.slept
    kept = AgentReader(line.state.agent).estimate()
    assert SIZE / 15 < kept.rate < SIZE / 4
    assert kept.latency > 0


def test_a_cut_leaves_what_came_and_counts_it(server: HttpRepository, line: Line) -> None:
    def fault(asked: Asked) -> Fault | None:
        return Cut(50_000) if asked.start == 0 else None

    server.fault = fault
    with closing(line.use()) as use:
        with pytest.raises(Exception, match="in the middle of file"):
            line.fetch(server.url, use)
        line.fetch(server.url, use, 50_000)
    used = line.ledger().used
    assert 100_000 < used < 115_000


def test_long_ranges_are_asked_for_bit_by_bit_on_a_slow_line(
    server: HttpRepository, line: Line
) -> None:
    believe(line, 1000.0)
    with closing(line.use()) as use:
        assert line.fetch(server.url, use, 0, SIZE) == DATA
    starts = [asked.start for asked in server.requests]
    assert starts == list(range(0, SIZE, SMALLEST))


def test_short_answers_say_nothing_of_what_the_line_carries(line: Line) -> None:
    short = Wanted(5_000, 300, is_steady=True, connects=False)
    long = Wanted(64 * 1024, 300, is_steady=True, connects=False)
    with closing(line.use()) as use:
        # Indexes of bundles: each takes half a second to begin, and is here at once.
        for _ in range(40):
            with use.request(short, Wire()) as ticket:
                line.clock.advance(0.5)
                ticket.moved(5_500, 400)
        assert not use.estimate.is_measured
        with use.request(long, Wire()) as ticket:
            line.clock.advance(8)
            ticket.moved(80_000, 400)
        assert use.estimate.rate == pytest.approx(10_000, rel=0.01)


def test_a_short_answer_behind_a_long_one_says_nothing_of_how_long_answers_take(
    line: Line,
) -> None:
    short = Wanted(5_000, 300, is_steady=True, connects=False)
    long = Wanted(64 * 1024, 300, is_steady=True, connects=False)
    with closing(line.use()) as use:
        with use.request(long, Wire()) as first, use.request(short, Wire()) as second:
            line.clock.advance(4)
            use.round_trip(4.0)
            first.moved(64_000, 400)
            line.clock.advance(4)
            # What it brings meanwhile is the line's, too.
            second.moved(16_000, 400)
        assert use.estimate.latency == 0
        assert use.estimate.rate == pytest.approx(10_000, rel=0.01)
        with use.request(short, Wire()):
            use.round_trip(0.5)
        assert use.estimate.latency == 0.5
