"""Whatever happens to the timetable, the clock and the portal: a number stands for one segment."""

from array import array
from itertools import accumulate

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.lineup import (
    AHEAD,
    LONGEST_SEGMENT,
    SLATE,
    Day,
    Part,
    Programme,
    Source,
    advance,
    count,
    horizon,
)
from core.playlist import HALF_HOUR, WINDOW, Addresses, live, window
from core.rendition import TICKS

SLATE_SOURCE = Source(
    SLATE, 0, array("Q", [9, 9]), array("Q", [0, 4 * TICKS, 8 * TICKS]), loops=True
)
ADDRESSES = Addresses(lambda digest: f"/media/{digest}.mp4", lambda index: f"/slate/{index}")
STEP = 300 * TICKS
NOW = 1_770_000_000 * TICKS


def source(name: str, ticks: list[int]) -> Source:
    sizes = array("Q", [100 + number for number in range(len(ticks))])
    return Source(name, 50, sizes, array("Q", accumulate(ticks, initial=0)))


SOURCES = st.none() | st.builds(
    source,
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.integers(1, LONGEST_SEGMENT), min_size=1, max_size=60),
)
SLOTS = st.lists(
    st.tuples(st.integers(-60, 60) | st.integers(-3600, 7200), st.integers(1, 6), SOURCES),
    max_size=8,
)


class LineUpMachine(RuleBasedStateMachine):
    """A portal's feed: time goes on and steps, teachers edit, items come and go, power fails."""

    @initialize()
    def start(self) -> None:
        self.now = NOW
        self.parts: list[Part] = []
        self.published = 0
        self.reserved = 0
        self.day = Day((), SLATE_SOURCE)
        self.seen: dict[int, tuple[Part, int]] = {}
        self.windows = {WINDOW: (0, 0, 0), HALF_HOUR: (0, 0, 0)}
        self.gone = False

    @rule(seconds=st.integers(0, 8) | st.integers(0, 30) | st.integers(0, 20_000))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds * TICKS + 7

    @rule(slots=SLOTS)
    def edit(self, slots: list[tuple[int, int, Source | None]]) -> None:
        programmes = [
            Programme(self.now + start * TICKS, slot, "p", "i", source)
            for start, slot, source in sorted(slots, key=lambda one: one[0])
        ]
        self.day = Day(programmes, SLATE_SOURCE)

    @rule()
    def withdraw(self) -> None:
        self.gone = True

    @rule(seconds=st.integers(1, 7200))
    def step_back(self, seconds: int) -> None:
        self.now -= seconds * TICKS

    @rule()
    def stop_and_start(self) -> None:
        self.reserved = self.published

    @rule(seconds=st.integers(0, 60))
    def kill(self, seconds: int) -> None:
        self.now += seconds * TICKS
        self.published = min(self.reserved, self.now + AHEAD)

    @rule(seconds=st.integers(-3600, 7200))
    def reboot(self, seconds: int) -> None:
        self.now += seconds * TICKS
        self.published = self.reserved

    @invariant()
    def look(self) -> None:
        last = self.parts[-1] if self.parts else None
        for part in advance(
            last, self.day, published=self.published, now=self.now, is_gone=self.gone
        ):
            if self.parts and part.run.first == self.parts[-1].run.first:
                assert part.run.discontinuity == self.parts[-1].run.discontinuity
                self.parts.pop()
            self.parts.append(part)
            assert not self.parts[1:] or part.run.first > self.parts[-2].run.first
        self.published = horizon(self.published, self.now)
        if not self.reserved - STEP < self.published <= self.reserved:
            self.reserved = self.published + STEP
        self.gone = False
        self.remember()
        for length in self.windows:
            self.check_window(length)

    def remember(self) -> None:
        following = None
        for part in reversed(self.parts[-50:]):
            for number in range(count(part, following, self.published)):
                index = part.run.segment + number
                known = self.seen.setdefault(part.run.first + number, (part, index))
                assert known == (part, index)
            following = part.run

    def check_window(self, length: int) -> None:
        first, end = window(self.parts, self.published, length)
        text = live(self.parts, first, end, ADDRESSES)
        lines = text.splitlines()
        discontinuity = int(
            next(one for one in lines if "DISCONTINUITY-SEQUENCE" in one).rpartition(":")[2]
        )
        was = self.windows[length]
        assert (first, discontinuity, end) >= was
        assert discontinuity >= was[1]
        assert end >= was[2]
        self.windows[length] = first, discontinuity, end
        assert f"#EXT-X-MEDIA-SEQUENCE:{first}" in lines
        number = first
        for line in lines:
            if line == "#EXT-X-DISCONTINUITY":
                discontinuity += 1
            elif line.startswith("#EXTINF:"):
                part, index = self.seen[number]
                ticks = part.source.start(index + 1) - part.source.start(index)
                assert abs(float(line[8:-1]) - ticks / TICKS) < 0.001
                assert round(ticks / TICKS) <= 10
                assert part.run.discontinuity == discontinuity
                number += 1
        assert number == end


LineUpMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLineUp = LineUpMachine.TestCase
