"""Looking at a source: every packet once, and its first picture; the rest is not decoded."""

import statistics
from array import array
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from msgspec.structs import replace

from packager.media import source as sources
from packager.media.facts import LARGEST, LONGEST, SPARE, WIDEST, Facts, Sight, Sound
from packager.media.plan import LEAST
from packager.media.source import Source

if TYPE_CHECKING:
    from av.packet import Packet

Progress = Callable[[float], None]

_PROFILES: Final = {"Constrained Baseline", "Baseline", "Main", "High"}
_LEVEL: Final = 42
_FASTEST: Final = 60
_FULL_HD: Final = (1920, 1088)
# Milliseconds.
_KEYS_APART: Final = 6000
_JITTER: Final = 0.35
_SOUND_GAP: Final = 100
_SOUND_LATE: Final = 60
_STEADY_FORMATS: Final = {"mov", "matroska"}
_IDR: Final = 5
# What an uneven source is brought to.
_USUAL: Final = tuple(Fraction(one) for one in (5, 10, 12, 15, 20, 24, 25, 30))
_RATES: Final = (
    *(*_USUAL, Fraction(8), Fraction(25, 2), Fraction(50), Fraction(60)),
    Fraction(24000, 1001),
    Fraction(60000, 1001),
    Fraction(15000, 1001),
    Fraction(30000, 1001),
)
_NEAR: Final = 0.002
# Wider or narrower pixels than this are a mistake in the file.
_SHAPE: Final = 8
_PROGRESSIVE: Final = (0, 1)
# Frames that are decoded to see how they lie.
_LOOK: Final = 12


def probe(source: Source, progress: Progress) -> Facts:
    """Look at a source.

    Args:
        source: what to look at.
        progress: told the share that is done.

    Raises:
        RefusedError: it is no video, is cut off, too long or too large.
    """
    with sources.opened(source) as container:
        picture, sound = sources.picture_of(container), sources.sound_of(container)
        if picture is None and sound is None:
            raise sources.no_video(source)
        scans = {one.index: _Scan(one) for one in (picture, sound) if one is not None}
        _read(source, container, scans, progress)
        first = _first_picture(source, picture) if picture else None
        seen, heard = _timed(scans, picture if first else None), _timed(scans, sound)
        if seen is None and heard is None:
            raise sources.no_video(source)
        _check_whole(source, container, [one for one in (seen, heard) if one])
        sight = _sight(source, seen, first) if seen and first else None
        facts = Facts(
            size=source.file.stat().st_size,
            sight=sight,
            sound=_sound(heard, sight) if heard else None,
        )
    if facts.length > LONGEST:
        raise sources.too_long(source, facts.length / 1000, LONGEST // 3_600_000)
    if facts.sight and facts.length > facts.sight.length:
        # Its last picture stays until the sound ends, which needs more pictures.
        return replace(facts, sight=replace(facts.sight, copied=False))
    return facts


class _Scan:
    """What the packets of one stream say."""

    def __init__(self, stream: VideoStream | AudioStream) -> None:
        self.stream = stream
        self.base = stream.time_base or Fraction(1, 90_000)
        self.times = array("q")
        self.keys = array("q")
        self.last = 0
        self.whole = True
        self.corrupt: int | None = None
        self._avc = _length_bytes(stream)

    def take(self, packet: "Packet[Any]") -> None:
        """Note a packet."""
        if packet.is_discard and self.stream.type == "video":
            # Cut away in an editor, and there for the decoder alone.
            self.whole = False
            return
        at = packet.pts if packet.pts is not None else packet.dts
        if packet.pts is None or packet.dts is None or at is None:
            self.whole = False
        if at is None:
            return
        if packet.is_corrupt and self.corrupt is None:
            self.corrupt = at
        self.times.append(at)
        end = at + (packet.duration or 0)
        self.last = max(self.last, end) if len(self.times) > 1 else end
        if packet.is_keyframe:
            self.keys.append(at)
            if self._avc:
                self.whole = self.whole and _has_idr(bytes(packet), self._avc)

    def milliseconds(self, ticks: int) -> int:
        """Give a moment of the stream in milliseconds."""
        return round(ticks * self.base * 1000)


def _read(
    source: Source, container: InputContainer, scans: dict[int, _Scan], progress: Progress
) -> None:
    size = max(1, container.size)
    streams = [scan.stream for scan in scans.values()]
    at = 0.0
    try:
        for packet in container.demux(*streams):
            if packet.size:
                scan = scans[packet.stream.index]
                scan.take(packet)
                at = float(scan.last * scan.base)
                if packet.pos is not None:
                    progress(min(1.0, packet.pos / size))
    except av.error.FFmpegError as error:
        raise sources.broken(source, at) from error


def _timed(scans: dict[int, _Scan], stream: VideoStream | AudioStream | None) -> _Scan | None:
    """Give what a stream's packets say, if any of them says its time."""
    scan = scans[stream.index] if stream else None
    return scan if scan and scan.times else None


def _first_picture(source: Source, stream: VideoStream) -> VideoFrame | None:
    """Decode until some frames came; gives the first, or an interlaced one among them."""
    first: VideoFrame | None = None
    # Opened anew, because not every file can be wound back.
    with sources.opened(source) as container:
        known = container.streams.video[_place(stream)]
        with suppress(av.error.FFmpegError):
            for number, frame in enumerate(container.decode(known)):
                first = first or frame
                if frame.interlaced_frame:
                    return frame
                if number >= _LOOK:
                    break
    return first


def _check_whole(source: Source, container: InputContainer, scans: list[_Scan]) -> None:
    first = scans[0]
    if first.corrupt is not None:
        raise sources.broken(source, first.corrupt * float(first.base))
    told = (container.duration or 0) / 1_000_000
    # Either may be the longer one.
    real = max(float((scan.last - min(scan.times)) * scan.base) for scan in scans)
    steady = not _STEADY_FORMATS.isdisjoint(container.format.name.split(","))
    if steady and told > real + max(2.0, told * 0.02) and not _others_last(container, told):
        raise sources.cut_off(source, real, told)


def _others_last(container: InputContainer, told: float) -> bool:
    """Whether another stream, such as a second sound or subtitles, is what is that long."""
    ends = [
        float(one.duration * one.time_base)
        for one in container.streams
        if one.duration and one.time_base and one.type not in {"video", "audio"}
    ]
    return any(end > told - 1 for end in ends)


def _sight(source: Source, scan: _Scan, frame: VideoFrame) -> Sight:
    stream = scan.stream
    assert isinstance(stream, VideoStream)  # noqa: S101 - for the types alone
    if max(frame.width, frame.height) > WIDEST:
        raise sources.too_large(source, frame.width, frame.height, WIDEST)
    width, height = _upright(stream, frame)
    times = sorted(scan.times)
    rate = _rate(stream, scan, times)
    is_steady = _is_steady(times, scan.base, rate)
    rate = rate if is_steady else next((one for one in _USUAL if one >= rate), _USUAL[-1])
    interlaced = frame.interlaced_frame
    length = scan.last - times[0]
    # The last frame is shown as long as the others, whatever the file says.
    length = max(length, times[-1] - times[0] + round(1 / rate / scan.base))
    fit = (
        _fits(stream, frame, (width, height), rate) and scan.whole and not interlaced and is_steady
    )
    gap = _longest_gap(scan, times[0] + length)
    return Sight(
        place=_place(stream),
        width=width,
        height=height,
        rate=(rate.numerator, rate.denominator),
        start=float(times[0] * scan.base),
        length=scan.milliseconds(length),
        copied=fit
        and source.file.stat().st_size <= LARGEST
        and gap <= _KEYS_APART
        and bool(scan.keys)
        and scan.keys[0] == times[0],
        interlaced=interlaced,
        keys=gap,
    )


def _place(stream: VideoStream | AudioStream) -> int:
    alike = [one.index for one in stream.container.streams if one.type == stream.type]
    return alike.index(stream.index)


def _upright(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    """Give the size as it is to be seen, even."""
    shape = stream.sample_aspect_ratio or Fraction(1)
    shape = shape if Fraction(1, _SHAPE) <= shape <= _SHAPE else Fraction(1)
    width, height = round(frame.width * shape), frame.height
    if frame.rotation % 180:
        width, height = height, width
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def _rate(stream: VideoStream, scan: _Scan, times: list[int]) -> Fraction:
    """Give the rate that a source has on average, or the usual one that it means."""
    found = Fraction(stream.average_rate or 0)
    if len(times) > 1 and times[-1] > times[0]:
        found = found or Fraction(len(times) - 1, times[-1] - times[0]) / scan.base
    found = min(max(found, Fraction(1)), Fraction(240))
    near = min(_RATES, key=lambda one: abs(one - found))
    if abs(near - found) <= found * _NEAR:
        return near
    return found.limit_denominator(1001)


def _is_steady(times: list[int], base: Fraction, rate: Fraction) -> bool:
    """Whether frames follow each other evenly."""
    if len(times) < 2:  # noqa: PLR2004 - one frame follows nothing
        return False
    step = statistics.median(b - a for a, b in pairwise(times))
    if not step or abs(float(step * base * rate) - 1) > _JITTER / 10:
        return False
    return all(abs(b - a - step) <= max(1.0, step * _JITTER) for a, b in pairwise(times))


def _fits(stream: VideoStream, frame: VideoFrame, upright: tuple[int, int], rate: Fraction) -> bool:
    context = stream.codec_context
    return (
        context.name == "h264"
        and context.pix_fmt == "yuv420p"
        and stream.profile in _PROFILES
        and 0 < (context.level or 0) <= _LEVEL
        and (frame.width, frame.height) == upright
        and frame.rotation == 0
        and min(upright) >= LEAST
        and upright[0] <= _FULL_HD[0]
        and upright[1] <= _FULL_HD[1]
        and rate <= _FASTEST
        and context.field_order in _PROGRESSIVE
        and bool(_length_bytes(stream))
    )


def _length_bytes(stream: VideoStream | AudioStream) -> int:
    """Give how many bytes hold a length in H.264 as MP4 has it; 0 when it is another kind."""
    data = stream.codec_context.extradata
    if stream.type != "video" or stream.codec_context.name != "h264" or not data:
        return 0
    return (data[4] & 3) + 1 if len(data) > 6 and data[0] == 1 else 0  # noqa: PLR2004 - avcC


def _has_idr(data: bytes, width: int) -> bool:
    at = 0
    while at + width < len(data):
        if data[at + width] & 0x1F == _IDR:
            return True
        at += width + int.from_bytes(data[at : at + width], "big")
    return False


def _longest_gap(scan: _Scan, end: int) -> int:
    times = sorted(scan.keys)
    behind = [*times[1:], end]
    return max((scan.milliseconds(b - a) for a, b in zip(times, behind, strict=True)), default=0)


def _sound(scan: _Scan, sight: Sight | None) -> Sound:
    times = sorted(scan.times)
    stream = scan.stream
    start, length = float(times[0] * scan.base), scan.milliseconds(scan.last - times[0])
    fits = scan.whole and _is_usual_aac(stream) and _is_gapless(scan, times)
    if sight:
        late = round((start - sight.start) * 1000)
        longer = late + length - sight.length
        fits = fits and late <= _SOUND_LATE and -_SOUND_LATE <= longer <= SPARE
    return Sound(place=_place(stream), start=start, length=length, copied=fits)


def _is_usual_aac(stream: VideoStream | AudioStream) -> bool:
    context = stream.codec_context
    return (
        isinstance(stream, AudioStream)
        and context.name == "aac"
        and stream.profile == "LC"
        and stream.sample_rate == 48_000  # noqa: PLR2004 - as the rules say
        and stream.layout.name == "stereo"
        and bool(context.extradata)
    )


def _is_gapless(scan: _Scan, times: list[int]) -> bool:
    usual = round(Fraction(1024, 48_000) / scan.base)
    most = usual + round(Fraction(_SOUND_GAP, 1000) / scan.base)
    return all(b - a <= most for a, b in pairwise(times))
