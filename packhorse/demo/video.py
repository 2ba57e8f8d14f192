"""Encodes the sample video: H.264 and AAC in one MP4 that plays before it is whole."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from packhorse.demo.pie_lesson import FRAMES_PER_SECOND, HEIGHT, SECONDS, WIDTH, PieLesson, takings
from packhorse.demo.raster import Canvas, Plane
from packhorse.demo.tones import RATE, Tape

KEY_FRAME_SECONDS = 2
_VIDEO_BITS, _AUDIO_BITS = 560_000, 96_000
_SAMPLES = 1024
_SAMPLE_BYTES = 4


def write_video(path: Path, progress: Callable[[float], None]) -> None:
    """Write the video; `progress` is called with the share done, from 0 to 1."""
    # The index comes first (faststart), so that a browser can seek in what it has not fetched.
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video, audio = _video_stream(container), _audio_stream(container)
        sound = _Sound(container, audio)
        for number, canvas in enumerate(PieLesson().frames()):
            container.mux(video.encode(_frame(canvas, number)))
            sound.write_until((number + 1) / FRAMES_PER_SECOND)
            if number % FRAMES_PER_SECOND == 0:
                progress(number / (SECONDS * FRAMES_PER_SECOND))
        sound.write_until(SECONDS)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    progress(1.0)


def _video_stream(container: OutputContainer) -> VideoStream:
    between_keys = KEY_FRAME_SECONDS * FRAMES_PER_SECOND
    stream = container.add_stream(
        "libx264",
        rate=FRAMES_PER_SECOND,
        options={"preset": "veryfast", "profile": "main", "sc_threshold": "0"},
    )
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.bit_rate = _VIDEO_BITS
    # The encoder's choices depend on its threads: a fixed number makes the same file everywhere.
    stream.thread_count = 2
    stream.gop_size = between_keys
    stream.codec_context.time_base = Fraction(1, FRAMES_PER_SECOND)
    return stream


def _audio_stream(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=RATE)
    stream.bit_rate = _AUDIO_BITS
    stream.layout = "stereo"
    return stream


def _frame(canvas: Canvas, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for target, plane in zip(frame.planes, canvas.planes, strict=True):
        target.update(_padded(plane, target.line_size))
    frame.pts = number
    frame.time_base = Fraction(1, FRAMES_PER_SECOND)
    return frame


def _padded(plane: Plane, line_size: int) -> bytes:
    """Return the pixels with each row as long as the encoder wants it."""
    if line_size == plane.width:
        return bytes(plane.data)
    rows = (plane.data[at : at + plane.width] for at in range(0, len(plane.data), plane.width))
    return b"".join(bytes(row).ljust(line_size, b"\0") for row in rows)


class _Sound:
    def __init__(self, container: OutputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream
        self._data = _melody()
        self._written = 0

    def write_until(self, seconds: float) -> None:
        """Encode sound up to a time, so that sound and picture lie side by side in the file."""
        total = len(self._data) // _SAMPLE_BYTES
        while self._written < min(total, round(seconds * RATE)):
            samples = min(_SAMPLES, total - self._written)
            frame = av.AudioFrame(format="s16", layout="stereo", samples=samples)
            begin = self._written * _SAMPLE_BYTES
            frame.planes[0].update(self._data[begin : begin + samples * _SAMPLE_BYTES])
            frame.sample_rate = RATE
            frame.pts = self._written
            frame.time_base = Fraction(1, RATE)
            self._container.mux(self._stream.encode(frame))
            self._written += samples


def _melody() -> bytes:
    tape = Tape(SECONDS)
    for one in takings():
        tape.note(one.part - 1, one.begin)
        if one.part == one.of:
            tape.chord(one.end)
    return tape.stereo()
