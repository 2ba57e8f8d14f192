"""Sound on a timeline: 48 kHz, stereo, from 0 to a given end, silence in its gaps."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import av.error
from av.audio.frame import AudioFrame

from packager.media import source as sources
from packager.media.facts import Facts
from packager.media.source import Source

RATE: Final = 48_000
SAMPLES: Final = 1024
# Where every bit counts, what lies above this pitch is left out, which is little of a voice.
_BAND: Final = 10_000
_WIDE: Final = 17_000
_NARROW_BITS: Final = 64_000
_BYTES: Final = 4
# Sound this far from where its time says is moved there; below, clocks only differ.
_SLIP: Final = RATE // 10
# What cannot be decoded, at a stretch, in seconds of the source.
_MOST_LOST: Final = 2.0


def frames(source: Source, facts: Facts) -> Iterator[AudioFrame]:
    """Give the sound of a source in frames of ``SAMPLES``, the last one shorter.

    Raises:
        RefusedError: too much of it cannot be decoded.
    """
    line = _Line(facts.length * RATE // 1000)
    if facts.sound:
        for at, left, right in _decoded(source, facts):
            yield from line.add(at, left, right)
            if line.is_full:
                break
    yield from line.end()


def band(bits: int) -> int:
    """Give the highest pitch, Hz, that so many bits a second are to hold."""
    return _BAND if is_narrow(bits) else _WIDE


def is_narrow(bits: int) -> bool:
    """Whether so many bits a second are so few that every one counts."""
    return bits <= _NARROW_BITS


def frame_of(data: list[bytes], start: int) -> AudioFrame:
    """Make a frame of planar floats that begins at a sample."""
    frame = AudioFrame("fltp", "stereo", len(data[0]) // _BYTES)
    for plane, one in zip(frame.planes, data, strict=True):
        plane.update(one.ljust(plane.buffer_size, b"\0"))
    frame.sample_rate = RATE
    frame.pts = start
    frame.time_base = Fraction(1, RATE)
    return frame


class _Line:
    """What was heard so far, and what of it was not given yet."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._given = 0
        self._waiting = [bytearray(), bytearray()]

    @property
    def _written(self) -> int:
        return self._given + len(self._waiting[0]) // _BYTES

    @property
    def is_full(self) -> bool:
        """Whether the end is reached."""
        return self._written >= self._total

    def add(self, at: int, left: bytes, right: bytes) -> Iterator[AudioFrame]:
        """Put sound where it belongs, and give the frames that are full."""
        gap = at - self._written
        if gap > _SLIP:
            yield from self._silence(min(gap, self._total - self._written))
        drop = -gap * _BYTES if gap < -_SLIP or at < 0 else 0
        room = (self._total - self._written) * _BYTES
        for waiting, data in zip(self._waiting, (left, right), strict=True):
            waiting.extend(data[drop : drop + room])
        yield from self._full()

    def end(self) -> Iterator[AudioFrame]:
        """Give silence up to the end, and the last frame."""
        yield from self._silence(self._total - self._written)
        if self._waiting[0]:
            yield self._give(len(self._waiting[0]) // _BYTES)

    def _silence(self, samples: int) -> Iterator[AudioFrame]:
        while samples > 0:
            part = min(samples, RATE)
            for waiting in self._waiting:
                waiting.extend(bytes(part * _BYTES))
            samples -= part
            yield from self._full()

    def _full(self) -> Iterator[AudioFrame]:
        while len(self._waiting[0]) >= SAMPLES * _BYTES:
            yield self._give(SAMPLES)

    def _give(self, samples: int) -> AudioFrame:
        data = [bytes(waiting[: samples * _BYTES]) for waiting in self._waiting]
        for waiting in self._waiting:
            del waiting[: samples * _BYTES]
        frame = frame_of(data, self._given)
        self._given += samples
        return frame


def _decoded(source: Source, facts: Facts) -> Iterator[tuple[int, bytes, bytes]]:
    """Give decoded sound with the sample at which it belongs."""
    resampler: av.AudioResampler | None = None
    shape: tuple[object, ...] = ()
    expected = 0
    for frame in _heard(source, facts):
        if resampler is None or shape != _shape(frame):
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
            shape = _shape(frame)
        at = expected
        if frame.pts is not None and frame.time_base is not None:
            start = Fraction(facts.start)
            at = round((frame.pts * frame.time_base - start) * RATE)
        frame.pts = None
        for one in resampler.resample(frame):
            length = one.samples * _BYTES
            left, right = (bytes(plane)[:length] for plane in one.planes)
            yield at, left, right
            at += one.samples
        expected = at


def _shape(frame: AudioFrame) -> tuple[object, ...]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _heard(source: Source, facts: Facts) -> Iterator[AudioFrame]:
    with sources.opened(source) as container:
        stream = container.streams.audio[facts.sound.place if facts.sound else 0]
        good = 0.0
        for packet in container.demux(stream):
            try:
                decoded = packet.decode()
            except av.error.FFmpegError as error:
                at = float((packet.pts or 0) * packet.time_base)
                if at - good > _MOST_LOST:
                    raise sources.broken(source, good - facts.start) from error
                continue
            for frame in decoded:
                if isinstance(frame, AudioFrame):
                    good = max(good, frame.time or 0.0)
                    yield frame
