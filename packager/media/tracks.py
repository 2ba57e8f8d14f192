"""The tracks of a rendition, packet by packet, encoded or taken as they are."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from packager.media import picture, sound
from packager.media import source as sources
from packager.media.facts import Facts, Step
from packager.media.source import Source

if TYPE_CHECKING:
    from av.packet import Packet

SEGMENT_SECONDS: Final = 4
# Below it every bit counts, and time does not.
_SMALL: Final = 1_000_000
# Packets of sound that lie wholly before 0 by more than a decoder needs to start are left out.
_EARLY: Final = -0.05


class Timed(NamedTuple):
    """Packets, and the second in which they belong; the number only breaks ties."""

    at: float
    number: int
    packets: Sequence["Packet[VideoStream] | Packet[AudioStream]"]


def encoded_picture(
    source: Source, facts: Facts, step: Step, container: OutputContainer, threads: int
) -> Iterator[Timed]:
    """Add a picture that is encoded anew.

    Raises:
        RefusedError: the source cannot be decoded.
    """
    rate = Fraction(*step.rate)
    keys = max(1, -(-SEGMENT_SECONDS * rate.numerator // rate.denominator))
    stream = container.add_stream("libx264", rate=rate, options=_x264(step, keys))
    stream.width, stream.height, stream.pix_fmt = step.width, step.height, "yuv420p"
    stream.bit_rate = step.video_bits
    stream.thread_count = threads
    stream.codec_context.time_base = 1 / rate
    return _encoded(stream, picture.frames(source, facts, step))


def encoded_sound(
    frames: Iterator[AudioFrame], step: Step, container: OutputContainer
) -> Iterator[Timed]:
    """Add sound that is encoded anew."""
    highest = str(sound.band(step.audio_bits))
    stream = container.add_stream(
        "aac", rate=sound.RATE, layout="stereo", options={"cutoff": highest}
    )
    stream.bit_rate = step.audio_bits
    stream.codec_context.time_base = Fraction(1, sound.RATE)
    return _encoded(stream, frames)


def copied_picture(source: Source, facts: Facts, container: OutputContainer) -> Iterator[Timed]:
    """Add the source's picture as it is, with parameter sets before each key frame."""
    sight = facts.sight
    if sight is None:
        raise sources.no_video(source)
    with sources.opened(source) as known:
        stream = known.streams.video[sight.place]
        target = container.add_stream_from_template(stream)
    return _copied_picture(source, facts, sight.place, target)


def copied_sound(source: Source, facts: Facts, container: OutputContainer) -> Iterator[Timed]:
    """Add the source's sound as it is."""
    heard = facts.sound
    if heard is None:
        raise sources.no_video(source)
    with sources.opened(source) as known:
        stream = known.streams.audio[heard.place]
        target = container.add_stream_from_template(stream)
    return _copied_sound(source, facts, heard.place, target)


def _x264(step: Step, keys: int) -> dict[str, str]:
    return {
        "preset": "medium" if step.video_bits < _SMALL else "fast",
        "profile": "main",
        "maxrate": str(step.video_bits * 3 // 2),
        "bufsize": str(step.video_bits * 4),
        "x264-params": f"keyint={keys}:min-keyint={keys}:scenecut=0:open-gop=0:repeat-headers=1"
        ":bframes=2:b-pyramid=none",
    }


def _encoded(
    stream: VideoStream | AudioStream, frames: Iterator[VideoFrame] | Iterator[AudioFrame]
) -> Iterator[Timed]:
    number = stream.index
    at = 0.0
    for frame in frames:
        at = frame.time or 0.0
        yield Timed(at, number, stream.encode(frame))  # type: ignore[arg-type] # of its own kind
    yield Timed(at, number, stream.encode(None))


def _copied_picture(
    source: Source, facts: Facts, place: int, target: VideoStream
) -> Iterator[Timed]:
    with sources.opened(source) as container:
        stream = container.streams.video[place]
        bits = BitStreamFilterContext("h264_mp4toannexb", stream, target)
        for packet in container.demux(stream):
            if not packet.size:
                continue
            _shift(packet, facts.start)
            for one in bits.filter(packet):
                one.stream = target
                yield Timed(_second(one), target.index, [one])
        rest = bits.filter(None)
        for one in rest:
            one.stream = target
        yield Timed(facts.length / 1000, target.index, rest)


def _copied_sound(source: Source, facts: Facts, place: int, target: AudioStream) -> Iterator[Timed]:
    with sources.opened(source) as container:
        stream = container.streams.audio[place]
        for packet in container.demux(stream):
            if not packet.size:
                continue
            _shift(packet, facts.start)
            at = _second(packet)
            if at >= facts.length / 1000:
                break
            if at > _EARLY:
                packet.stream = target
                yield Timed(at, target.index, [packet])


def _shift(packet: "Packet[Any]", start: float) -> None:
    origin = round(Fraction(start) / packet.time_base)
    if packet.pts is not None:
        packet.pts -= origin
    if packet.dts is not None:
        packet.dts -= origin


def _second(packet: "Packet[Any]") -> float:
    at = packet.dts if packet.dts is not None else packet.pts or 0
    return float(at * packet.time_base)
