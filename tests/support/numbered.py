"""Videos that say in every picture which of their frames it is, in large black and white blocks.

The blocks survive scaling to 240p and hard compression, and a page reads them off a ``<video>``
by ``READ`` (through a canvas). Four rows of eight bits: the video's number, the frame's two bytes,
and a check over the three.
"""

import io
import struct
from array import array
from collections.abc import Iterator
from functools import cache
from typing import Final

import av

from core.digest import digest_of
from core.rendition import TICKS, Rendition, Segment

RATE: Final = 10
SEGMENT_SECONDS: Final = 4
SIZE: Final = (192, 96)
_SAMPLES: Final = 48_000
_CHUNK: Final = 1024
_COLUMNS: Final = 8
_ROWS: Final = 4
_CHECK: Final = 0xA5
_BLACK: Final = 16
_WHITE: Final = 235

READ: Final = """(video) => {
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 32;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0, 64, 32);
  const bytes = [0, 1, 2, 3].map((row) => {
    let value = 0;
    for (let column = 0; column < 8; column += 1) {
      const block = context.getImageData(column * 8 + 2, row * 8 + 2, 4, 4).data;
      let sum = 0;
      for (let i = 0; i < block.length; i += 4) { sum += block[i + 1]; }
      value = value * 2 + (sum > 16 * 127 ? 1 : 0);
    }
    return value;
  });
  if ((bytes[0] ^ bytes[1] ^ bytes[2] ^ 0xA5) !== bytes[3]) { return null; }
  return [bytes[0], bytes[1] * 256 + bytes[2]];
}"""
"""JavaScript: gives ``[video, frame]`` of what a video shows, or null for any other picture."""


def rows_of(video: int, frame: int) -> list[int]:
    """Give the four bytes that a frame shows."""
    high, low = divmod(frame, 256)
    return [video, high, low, video ^ high ^ low ^ _CHECK]


def make_numbered(
    seconds: float, *, video: int = 1, sound: bool = True, rate: int = RATE,
    size: tuple[int, int] = SIZE,
) -> bytes:  # fmt: skip
    """Make an ordinary MP4 whose frames are numbered from 0; ``video`` (up to 255) names it."""
    return _encode(seconds, video, sound=sound, rate=rate, size=size)


@cache
def make_numbered_rendition(
    seconds: float, *, video: int = 1, rate: int = RATE, size: tuple[int, int] = SIZE,
    path: str = "lesson.mp4",
) -> tuple[bytes, Rendition]:  # fmt: skip
    """Make the same as fragmented MP4 with its segments, as the packager does."""
    flags = "frag_keyframe+empty_moov+default_base_moof+skip_trailer"
    data = _encode(seconds, video, sound=True, rate=rate, size=size, flags=flags)
    head, fragments = cut(data)
    frames = round(seconds * rate)
    step = SEGMENT_SECONDS * rate
    counts = [min(step, frames - first) for first in range(0, frames, step)]
    if len(counts) != len(fragments):
        raise AssertionError(counts, fragments)
    return data, Rendition(
        name=f"{size[1]}p",
        path=path,
        source=digest_of(data),
        settings="test",
        width=size[0],
        height=size[1],
        head=head,
        segments=[
            Segment(length, count * TICKS // rate)
            for length, count in zip(fragments, counts, strict=True)
        ],
    )


def cut(data: bytes) -> tuple[int, list[int]]:
    """Give the sizes of a fragmented MP4's head and of its fragments."""
    head, fragments, at = 0, list[int](), 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"moof":
            fragments.append(size)
        elif fragments:
            fragments[-1] += size
        else:
            head += size
        at += size
    return head, fragments


def _encode(
    seconds: float, video: int, *, sound: bool, rate: int, size: tuple[int, int], flags: str = ""
) -> bytes:
    out = io.BytesIO()
    options = {"movflags": flags} if flags else {}
    gop = str(SEGMENT_SECONDS * rate)
    with av.open(out, "w", format="mp4", options=options) as container:
        pictures = container.add_stream("libx264", rate=rate)
        pictures.width, pictures.height = size
        pictures.pix_fmt = "yuv420p"
        pictures.options = {
            "preset": "ultrafast", "g": gop, "keyint_min": gop, "bf": "0",
            "x264-params": "scenecut=0:repeat-headers=1",
        }  # fmt: skip
        tone = container.add_stream("aac", rate=_SAMPLES, layout="stereo") if sound else None
        played = 0
        for number in range(round(seconds * rate)):
            container.mux(pictures.encode(_picture(video, number, size)))
            while tone is not None and played * rate < (number + 1) * _SAMPLES:
                container.mux(tone.encode(_tone(played)))
                played += _CHUNK
        for stream in (pictures, tone):
            if stream is not None:
                container.mux(stream.encode(None))
    return out.getvalue()


def _picture(video: int, number: int, size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    luma, *colours = frame.planes
    luma.update(b"".join(_lines(rows_of(video, number), size, luma.line_size)))
    for plane in colours:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts = number
    return frame


def _lines(values: list[int], size: tuple[int, int], line_size: int) -> Iterator[bytes]:
    width, height = size
    ends = [height * (row + 1) // _ROWS for row in range(_ROWS)]
    for value, count in zip(values, map(int.__sub__, ends, [0, *ends]), strict=False):
        bits = [value >> (_COLUMNS - 1 - x * _COLUMNS // width) & 1 for x in range(width)]
        line = bytes(_WHITE if bit else _BLACK for bit in bits).ljust(line_size, b"\0")
        yield line * count


@cache
def _wave() -> bytes:
    period = (0.1, 0.07, 0.0, -0.07, -0.1, -0.07, 0.0, 0.07)
    return array("f", [period[i // 16 % 8] for i in range(_CHUNK)]).tobytes()


def _tone(start: int) -> av.AudioFrame:
    frame = av.AudioFrame("fltp", "stereo", _CHUNK)
    for plane in frame.planes:
        plane.update(_wave())
    frame.sample_rate, frame.pts = _SAMPLES, start
    return frame
