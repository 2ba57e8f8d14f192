"""Pictures on a timeline: upright, square, progressive, at a constant rate from 0 to an end."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Final, NamedTuple

import av
import av.error
import av.filter
from av.video.frame import VideoFrame

from packager.media import source as sources
from packager.media.facts import Facts, Sight, Step
from packager.media.source import Source

# What cannot be decoded, at a stretch, in seconds: the picture before it stays so long.
_MOST_LOST: Final = 2.0
# Packets for which decoders may give nothing: they hold back as many frames as they have threads,
# and those that wait for their turn.
_MOST_HELD: Final = 64
_TURNS: Final = {90: ["transpose=cclock"], -90: ["transpose=clock"], 180: ["hflip", "vflip"]}


class Shown(NamedTuple):
    """A frame, and when it is to be seen, in seconds from 0."""

    at: float
    frame: VideoFrame


def frames(source: Source, facts: Facts, step: Step) -> Iterator[VideoFrame]:
    """Give the frames of a step; ``pts`` counts them.

    Raises:
        RefusedError: too much of the picture cannot be decoded.
    """
    rate = Fraction(*step.rate)
    fitted = Fitting(step.width, step.height)
    total = max(1, round(Fraction(facts.length, 1000) * rate))
    number = 0
    frame: VideoFrame | None = None
    for one, until in _spans(shown(source, facts)):
        end = total if until is None else min(total, round(until * rate))
        if end <= number:
            continue
        frame = fitted.fit(one.frame)
        while number < end:
            frame.pts, frame.time_base = number, 1 / rate
            yield frame
            number += 1


def shown(source: Source, facts: Facts, *, keys_only: bool = False) -> Iterator[Shown]:
    """Decode a source's picture.

    Args:
        source: what to decode.
        facts: what is known of it.
        keys_only: whether key frames are enough.

    Raises:
        RefusedError: too much of it cannot be decoded.
    """
    sight = facts.sight
    if sight is None:
        raise sources.no_video(source)
    found = _decoded(source, sight, keys_only=keys_only)
    last = -1.0
    for one in _deinterlaced(found) if sight.interlaced else found:
        # Behind the one before, whatever the file says.
        if one.at > last:
            last = one.at
            yield one


def _spans(found: Iterable[Shown]) -> Iterator[tuple[Shown, float | None]]:
    """Give each picture with the moment at which the next takes its place."""
    before: Shown | None = None
    for one in found:
        if before:
            yield before, one.at
        before = one
    if before:
        yield before, None


def _decoded(source: Source, sight: Sight, *, keys_only: bool) -> Iterator[Shown]:
    good = latest = 0.0
    silent = 0
    for at, frame in _frames(source, sight, keys_only=keys_only):
        latest = max(latest, at)
        silent += 1
        if frame and not frame.is_corrupt and frame.time is not None:
            good, silent = frame.time - sight.start, 0
            yield Shown(good, frame)
        elif not keys_only and silent > _MOST_HELD and at - good > _MOST_LOST:
            raise sources.broken(source, good)
    # The last one may stay for long.
    if not keys_only and latest - good > _MOST_LOST:
        raise sources.broken(source, good)


def _frames(
    source: Source, sight: Sight, *, keys_only: bool
) -> Iterator[tuple[float, VideoFrame | None]]:
    """Give what comes out behind each packet, with its second: frames, or None for nothing."""
    with sources.opened(source) as container:
        stream = container.streams.video[sight.place]
        stream.thread_type = "AUTO"
        if keys_only:
            stream.codec_context.skip_frame = "NONKEY"
        at = 0.0
        for packet in container.demux(stream):
            if packet.size and (time := packet.pts or packet.dts):
                at = float(time * packet.time_base) - sight.start
            frames: list[VideoFrame | None] = [None]
            # Nothing comes out of damaged packets.
            with suppress(av.error.FFmpegError):
                frames = [*packet.decode()] or frames
            for frame in frames:
                yield at, frame


def _deinterlaced(found: Iterable[Shown]) -> Iterator[Shown]:
    graph: av.filter.Graph | None = None
    shape: tuple[object, ...] = ()
    for one in found:
        if graph is None or shape != _shape(one.frame):
            if graph:
                graph.push(None)
                yield from _ready(graph)
            graph, shape = _graph(one.frame, ["bwdif=mode=send_frame:deint=all"]), _shape(one.frame)
        one.frame.pts, one.frame.time_base = round(one.at * _TICKS), Fraction(1, _TICKS)
        graph.push(one.frame)
        yield from _ready(graph)
    if graph:
        graph.push(None)
        yield from _ready(graph)


_TICKS: Final = 90_000


def _ready(graph: av.filter.Graph) -> Iterator[Shown]:
    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            frame = graph.vpull()
            yield Shown(frame.time or 0.0, frame)


class Fitting:
    """Turns and scales frames to a size; those of a source may change their shape."""

    def __init__(self, width: int, height: int) -> None:
        """Fit into ``width`` by ``height``."""
        self._scale = f"scale={width}:{height}:flags=bicubic:out_range=tv"
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[object, ...] = ()

    def fit(self, frame: VideoFrame) -> VideoFrame:
        """Give a frame in the right size, which may be written to."""
        shape = _shape(frame)
        if self._graph is None or shape != self._shape:
            filters = [*_TURNS.get(frame.rotation, []), self._scale, "setsar=1", "format=yuv420p"]
            self._graph, self._shape = _graph(frame, filters), shape
        self._graph.push(frame)
        return self._graph.vpull()


def _shape(frame: VideoFrame) -> tuple[object, ...]:
    return frame.width, frame.height, frame.format.name, frame.rotation


def _graph(frame: VideoFrame, filters: list[str]) -> av.filter.Graph:
    graph = av.filter.Graph()
    nodes = [
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=Fraction(1, _TICKS),
        )
    ]
    for one in filters:
        name, _, arguments = one.partition("=")
        nodes.append(graph.add(name, arguments or None))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    return graph
