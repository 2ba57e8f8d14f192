"""Playlists: a line-up as HLS (RFC 8216), for our pages, televisions, VLC and ffmpeg.

Lessons are byte ranges of their files; the slate's segments have addresses of their own, since
their timestamps go on while its pictures go round.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from core.lineup import SLATE, TARGET_SECONDS, Part, Run, Source, count
from core.rendition import TICKS

WINDOW: Final = 60 * TICKS
"""How much a channel's playlist shows: over three target durations, as the standard asks."""
HALF_HOUR: Final = 1800 * TICKS
_BITS: Final = 8
_TOP: Final = (
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
    "#EXT-X-INDEPENDENT-SEGMENTS",
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Addresses(NamedTuple):
    """Where things lie; ``slate`` gives the address of a segment of the slate, None: its head."""

    media: Callable[[str], str]
    slate: Callable[[int | None], str]


def window(
    parts: Sequence[Part], published: int, length: int, gone: Collection[str] = ()
) -> tuple[int, int]:
    """Give the numbers of the first segment of a playlist, and of the one after its last.

    Args:
        parts: the latest runs, in order.
        published: up to when the last run is published.
        length: how much to show at least, if there is so much.
        gone: sources that may not be shown any more; what follows them is the beginning.
    """
    last = parts[-1]
    end = last.run.first + count(last, None, published)
    following: Run | None = None
    for part in reversed(parts):
        begin = part.run.segment
        shown = count(part, following, published)
        if following is not None and (
            # A new beginning: what was before it belongs to another time.
            part.moment(begin + shown) != following.start or part.run.digest in gone
        ):
            return following.first, end
        for index in reversed(range(begin, begin + shown)):
            length -= part.source.start(index + 1) - part.source.start(index)
            if length <= 0:
                return part.run.first + index - begin, end
        following = part.run
    return parts[0].run.first, end


def live(parts: Sequence[Part], first: int, end: int, addresses: Addresses) -> str:
    """Write the segments from number ``first`` to before ``end`` as a live playlist."""
    ends = [*(part.run.first for part in parts[1:]), end]
    shown = [
        (part, max(first, part.run.first), until)
        for part, until in zip(parts, ends, strict=True)
        if first < until
    ]
    lines = [
        *_TOP,
        f"#EXT-X-MEDIA-SEQUENCE:{first}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{shown[0][0].run.discontinuity}",
    ]
    for number, (part, begin, until) in enumerate(shown):
        skip = part.run.segment - part.run.first
        lines += ["#EXT-X-DISCONTINUITY"] * (number > 0)
        lines += _segments(part, begin + skip, until + skip, addresses)
    return "\n".join(lines) + "\n"


def from_start(part: Part, shown: int, *, is_over: bool, addresses: Addresses) -> str:
    """Write a lesson from its beginning up to what the channel has shown of it.

    Args:
        part: its run.
        shown: how many segments of the run there are.
        is_over: whether the channel has gone on to something else.
        addresses: where things lie.
    """
    lines = [*_TOP, "#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += _segments(part, 0, part.run.segment + shown, addresses)
    lines += ["#EXT-X-ENDLIST"] * is_over
    return "\n".join(lines) + "\n"


def naming(address: str, rate: int) -> str:
    """Write a playlist that leads to another one, which the player then keeps."""
    return f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH={max(1, rate)}\n{address}\n"


def rate_of(source: Source) -> int:
    """Give the bits a second of the largest segment, as a player wants to know them."""
    spans = zip(source.sizes, source.starts, source.starts[1:], strict=False)
    return max(_BITS * size * TICKS // (end - start) for size, start, end in spans)


def _segments(part: Part, begin: int, end: int, addresses: Addresses) -> Iterator[str]:
    source, is_slate = part.source, part.source.digest == SLATE
    # Each with its range: ffmpeg takes over the one before where there is none.
    head = addresses.slate(None) if is_slate else addresses.media(source.digest)
    yield f'#EXT-X-MAP:URI="{head}",BYTERANGE="{source.head}@0"'
    yield f"#EXT-X-PROGRAM-DATE-TIME:{_date(part.moment(begin))}"
    offset = 0 if is_slate else source.head + sum(source.sizes[:begin])
    for index in range(begin, end):
        size = source.sizes[index % len(source.sizes)]
        yield f"#EXTINF:{(source.start(index + 1) - source.start(index)) / TICKS:.5f},"
        yield f"#EXT-X-BYTERANGE:{size}@{offset}"
        yield addresses.slate(index) if is_slate else head
        offset += 0 if is_slate else size


def _date(moment: int) -> str:
    date = _EPOCH + timedelta(milliseconds=moment * 1000 // TICKS)
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")
