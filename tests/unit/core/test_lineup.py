"""What a channel shows when: the rules of the line-up one by one."""

from array import array
from itertools import accumulate

from core.digest import Digest, digest_of
from core.lineup import (
    AHEAD,
    BACK,
    SLATE,
    Day,
    Part,
    Programme,
    Source,
    advance,
    horizon,
    source_of,
)
from core.playlist import WINDOW, Addresses, from_start, live, naming, rate_of, window
from core.rendition import TICKS, Rendition, Segment

NOON = 1_770_000_000 * TICKS
SLATE_SOURCE = Source(
    SLATE, 20, array("Q", [9, 9]), array("Q", [0, 4 * TICKS, 8 * TICKS]), loops=True
)
ADDRESSES = Addresses(lambda digest: f"/media/{digest}.mp4", lambda index: f"/slate/{index}")


def source(name: str, seconds: int, step: int = 4) -> Source:
    ticks = [min(step, seconds - at) * TICKS for at in range(0, seconds, step)]
    return Source(
        name,
        50,
        array("Q", range(100, 100 + len(ticks))),
        array("Q", accumulate(ticks, initial=0)),
    )


def programme(at: int, shown: Source | None, slot: int = 0, item: str = "i") -> Programme:
    return Programme(NOON + at * TICKS, slot or at + 10_000, "p", item, shown)


class Channel:
    """A feed that is looked at from time to time."""

    def __init__(self, *programmes: Programme) -> None:
        self.day = Day(programmes, SLATE_SOURCE)
        self.parts: list[Part] = []
        self.published = 0

    def at(self, seconds: float, *, is_gone: bool = False) -> "Channel":
        now = NOON + round(seconds * TICKS)
        last = self.parts[-1] if self.parts else None
        for part in advance(last, self.day, published=self.published, now=now, is_gone=is_gone):
            if self.parts and self.parts[-1].run.first == part.run.first:
                self.parts.pop()
            self.parts.append(part)
        self.published = horizon(self.published, now)
        return self

    def shown(self) -> list[tuple[str, float, int]]:
        """Give each run's source, its start in seconds, and its first segment.

        The first run shows what was before the channel was looked at.
        """
        return [
            (part.run.digest, (part.run.start - NOON) / TICKS, part.run.segment)
            for part in self.parts[1:]
        ]

    def playlist(self) -> str:
        first, end = window(self.parts, self.published, WINDOW)
        return live(self.parts, first, end, ADDRESSES)


def through(channel: Channel, begin: int, end: int) -> Channel:
    for second in range(begin, end, 3):
        channel.at(second)
    return channel


def test_lessons_follow_the_clock_with_slate_between_them() -> None:
    channel = through(
        Channel(programme(101, source("a", 60)), programme(300, source("b", 40))), 0, 400
    )
    assert channel.shown() == [
        ("a", 104, 0), (SLATE, 164, 0), ("b", 300, 0), (SLATE, 340, 0),
    ]  # fmt: skip


def test_it_is_the_same_whoever_looks_when() -> None:
    slots = (programme(101, source("a", 61)), programme(300, source("b", 40)))
    often = through(Channel(*slots), 0, 400)
    assert Channel(*slots).at(0).at(399).shown() == often.shown()


def test_a_long_lesson_is_cut_when_the_next_begins_and_runs_on_otherwise() -> None:
    channel = through(
        Channel(programme(0, source("a", 100)), programme(50, source("b", 90))), 0, 200
    )
    assert channel.shown() == [("a", 0, 0), ("b", 52, 0), (SLATE, 142, 0)]


def test_of_overlapping_slots_the_later_start_wins() -> None:
    channel = Channel(programme(0, source("a", 100)), programme(20, source("b", 40)))
    assert through(channel, 0, 200).shown() == [
        ("a", 0, 0),
        ("b", 20, 0),
        (SLATE, 60, 0),
    ]


def test_what_comes_late_joins_at_the_place_where_it_would_be() -> None:
    channel = through(Channel(programme(0, None)), 0, 200)
    assert channel.shown() == []
    channel.day = Day([programme(0, source("a", 400))], SLATE_SOURCE)
    channel.at(201)
    assert channel.shown() == [("a", 212, 53)]


def test_what_is_a_little_late_begins_at_its_beginning() -> None:
    channel = Channel(programme(5, None)).at(0)
    channel.day = Day([programme(5, source("a", 400))], SLATE_SOURCE)
    channel.at(10)
    assert channel.shown() == [("a", 12, 0)]


def test_an_edit_touches_only_what_is_not_published() -> None:
    channel = through(Channel(programme(0, source("a", 400))), 0, 60)
    before = channel.playlist()
    channel.day = Day(
        [programme(0, source("a", 400)), programme(30, source("b", 400))], SLATE_SOURCE
    )
    channel.at(63)
    name, start, segment = channel.shown()[1]
    assert (name, segment) == ("b", 10)
    assert start == 72
    known = [line for line in before.splitlines() if "BYTERANGE:" in line]
    after = [line for line in channel.playlist().splitlines() if "BYTERANGE:" in line]
    assert known[1:] == after[: len(known) - 1]


def test_a_lesson_that_is_cancelled_while_it_runs_stops() -> None:
    channel = through(Channel(programme(0, source("a", 400))), 0, 60)
    channel.day = Day([], SLATE_SOURCE)
    assert through(channel, 60, 70).shown() == [("a", 0, 0), (SLATE, 72, 0)]


def test_a_better_rendition_waits_for_the_next_programme() -> None:
    channel = through(Channel(programme(0, source("low", 100))), 0, 60)
    channel.day = Day(
        [programme(0, source("high", 100)), programme(100, source("high", 100))], SLATE_SOURCE
    )
    assert [one[0] for one in through(channel, 60, 150).shown()] == ["low", "high"]


def test_what_is_withdrawn_gives_way_to_what_is_there() -> None:
    channel = through(Channel(programme(0, source("a", 400))), 0, 60)
    channel.day = Day([programme(0, None)], SLATE_SOURCE)
    channel.at(63, is_gone=True)
    assert channel.shown() == [("a", 0, 0), (SLATE, 72, 0)]


def test_time_that_steps_back_begins_a_new_run_with_higher_numbers() -> None:
    channel = through(Channel(programme(0, source("a", 4000))), 0, 60)
    numbers = window(channel.parts, channel.published, WINDOW)
    channel.at(60 - 3600)
    assert channel.shown()[1:] == [(SLATE, -3564, 0)]
    assert channel.parts[2].run.first == numbers[1]
    assert f"MEDIA-SEQUENCE:{numbers[1]}" in channel.playlist()


def test_time_that_stands_still_changes_nothing() -> None:
    channel = through(Channel(programme(0, source("a", 4000))), 0, 60)
    before = channel.playlist()
    assert channel.at(55).playlist() == before
    assert len(channel.parts) == 2


def test_a_portal_that_was_off_for_a_day_goes_on_with_its_numbers() -> None:
    channel = through(Channel(programme(0, source("a", 100))), 0, 60)
    end = window(channel.parts, channel.published, WINDOW)[1]
    channel.day = Day([programme(86_000, source("b", 3000))], SLATE_SOURCE)
    channel.at(86_400)
    assert channel.shown()[1:] == [("b", 86_376, 94)]
    assert channel.parts[2].run.first == end


def test_a_playlist_is_plain_hls() -> None:
    channel = through(Channel(programme(10, source("a", 10))), 0, 22)
    number = channel.parts[0].run.first
    assert (
        channel.playlist()
        == f"""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:10
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA-SEQUENCE:{number}
#EXT-X-DISCONTINUITY-SEQUENCE:2224
#EXT-X-MAP:URI="/slate/None",BYTERANGE="20@0"
#EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:39:36.000Z
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/0
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/1
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/2
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/3
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/4
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/5
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/6
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/7
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/8
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="/media/a.mp4",BYTERANGE="50@0"
#EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:40:12.000Z
#EXTINF:4.00000,
#EXT-X-BYTERANGE:100@50
/media/a.mp4
#EXTINF:4.00000,
#EXT-X-BYTERANGE:101@150
/media/a.mp4
#EXTINF:2.00000,
#EXT-X-BYTERANGE:102@251
/media/a.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="/slate/None",BYTERANGE="20@0"
#EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:40:22.000Z
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/0
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/1
#EXTINF:4.00000,
#EXT-X-BYTERANGE:9@0
/slate/2
"""
    )


def test_a_lesson_can_be_had_from_its_beginning() -> None:
    part = Part(Channel(programme(0, source("a", 20))).at(9).parts[1].run, source("a", 20))
    growing = from_start(part, 2, is_over=False, addresses=ADDRESSES)
    assert growing.count("#EXTINF") == 2
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in growing
    assert "ENDLIST" not in growing
    over = from_start(part, 5, is_over=True, addresses=ADDRESSES)
    assert over.endswith("#EXT-X-ENDLIST\n")
    assert over.startswith(growing[: growing.rindex("\n", 0, -1)])
    assert naming("/x.m3u8", rate_of(part.source)).endswith(":BANDWIDTH=208\n/x.m3u8\n")


def test_a_rendition_with_long_segments_is_not_for_channels() -> None:
    def rendition(ticks: int) -> Rendition:
        return Rendition(
            name="240p", path="a.mp4", source=digest_of(b"a"), settings="s", width=426,
            height=240, head=10, segments=[Segment(5, ticks), Segment(7, TICKS)],
        )  # fmt: skip

    assert source_of(rendition(10 * TICKS + TICKS // 2), Digest("d")) is None
    made = source_of(rendition(10 * TICKS), Digest("d"))
    assert made is not None
    assert list(made.starts) == [0, 10 * TICKS, 11 * TICKS]


def test_a_new_channel_has_three_target_durations_at_once() -> None:
    channel = Channel().at(0)
    assert channel.playlist().count("#EXTINF") == (AHEAD + BACK) // (4 * TICKS)


def test_the_discontinuitys_number_is_small_enough_for_players_that_count_up_to_it() -> None:
    assert Channel().at(0).parts[0].run.discontinuity < 10_000
