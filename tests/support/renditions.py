"""Renditions made on the spot, tiny and quick: the bytes of the file, and its description."""

import io
import math
from array import array
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import av
import msgspec

from core.digest import digest_of
from core.rendition import AUDIO, Picture, Rendition, Segment
from packager.media.facts import Facts, Made, Step
from packager.media.make import Job, make
from packager.media.plan import steps
from packager.media.probe import probe
from packager.media.source import Source

RATE: Final = 10
SIZE: Final = (192, 96)
_SAMPLES: Final = 48_000
_CHUNK: Final = 1024


def make_source(
    seconds: float = 8,
    *,
    size: tuple[int, int] = SIZE,
    rate: int = RATE,
    sound: bool = True,
    keys: float = 2,
    preset: str = "ultrafast",
    sounds_for: float = 0,
) -> bytes:
    """Make an MP4 whose brightness changes every frame, with a tone, fit to be taken as it is.

    Args:
        seconds: how long it is.
        size: of its picture.
        rate: frames a second.
        sound: whether it has any.
        keys: seconds between key frames.
        preset: of the encoder; those that are not the quickest reorder frames.
        sounds_for: seconds of sound, where that is longer.
    """
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream(
            "libx264", rate=rate, options={"preset": preset, "sc_threshold": "0"}
        )
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.gop_size = round(keys * rate)
        audio = container.add_stream("aac", rate=_SAMPLES, layout="stereo") if sound else None
        heard = 0
        for number in range(round(seconds * rate)):
            container.mux(video.encode(_picture(number, size)))
            while audio and heard < (number + 1) * _SAMPLES / rate:
                container.mux(audio.encode(_tone(heard)))
                heard += _CHUNK
        container.mux(video.encode(None))
        while audio and heard < sounds_for * _SAMPLES:
            container.mux(audio.encode(_tone(heard)))
            heard += _CHUNK
        if audio:
            container.mux(audio.encode(None))
    return out.getvalue()


def make_rendition(
    source: bytes | None = None,
    *,
    name: str = "best",
    path: str = "",
    seconds: float = 8,
    size: tuple[int, int] = SIZE,
    sound: bool = True,
) -> tuple[bytes, Rendition]:
    """Make a rendition, and leave its stills out.

    Args:
        source: bytes of a video; otherwise one is made with what follows.
        name: what is wanted: ``best``, ``240p`` (or another step), ``audio``.
        path: of its file in a pack; ``01.<name>.mp4`` otherwise.
        seconds: of the source that is made.
        size: of its picture.
        sound: whether it has any.

    Returns:
        The file's bytes, and what a manifest says of it.
    """
    data = source if source is not None else make_source(seconds, size=size, sound=sound)
    with TemporaryDirectory(prefix="packhorse-rendition-") as scratch:
        file = Path(scratch) / "source"
        file.write_bytes(data)
        given = Source(file, "source")
        facts = probe(given, lambda _: None)
        step = steps(facts, [name])[0]
        target = Path(scratch) / "rendition.mp4"
        made = make(Job(given, facts, step), target, lambda _: None)
        found = target.read_bytes()
    return found, describe(step, made, data, path or f"01.{step.name}.mp4")


def make_renditions(
    source: bytes | None = None, *, path: str = "01.mp4", seconds: float = 8
) -> tuple[dict[str, bytes], list[Rendition]]:
    """Make all usual renditions of a 480p source; gives their files with stills, and them."""
    data = source if source is not None else make_source(seconds, size=(480, 320))
    stem = path.rpartition(".")[0]
    files: dict[str, bytes] = {}
    found: list[Rendition] = []
    with TemporaryDirectory(prefix="packhorse-rendition-") as scratch:
        file = Path(scratch) / "source"
        file.write_bytes(data)
        given = Source(file, "source")
        facts: Facts = probe(given, lambda _: None)
        for step in steps(facts, ["best", "240p", "audio"]):
            target = Path(scratch) / f"{step.name}.mp4"
            made = make(Job(given, facts, step), target, lambda _: None)
            one = describe(step, made, data, f"{stem}.{step.name}.mp4")
            pictures = []
            for number, still in enumerate(made.stills, 1):
                place = f"{stem}.{AUDIO}/{number:04}.jpg"
                files[place] = (Path(scratch) / still.file).read_bytes()
                pictures.append(Picture(still.at, place))
            files[one.path] = target.read_bytes()
            found.append(msgspec.structs.replace(one, pictures=pictures))
    return files, found


def describe(step: Step, made: Made, source: bytes, path: str) -> Rendition:
    """Say of a made rendition what a manifest says, without stills."""
    return Rendition(
        name=step.name,
        path=path,
        source=digest_of(source),
        settings=step.settings,
        width=step.width,
        height=step.height,
        head=made.head,
        segments=[Segment(*one) for one in made.segments],
    )


def _picture(number: int, size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, (40 + number * 4 % 180, 128, 90), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.pts = number
    return frame


def _tone(start: int) -> av.AudioFrame:
    frame = av.AudioFrame("fltp", "stereo", _CHUNK)
    wave = array(
        "f", (0.2 * math.sin((start + i) * 2 * math.pi * 440 / _SAMPLES) for i in range(_CHUNK))
    )
    for plane in frame.planes:
        plane.update(wave.tobytes())
    frame.sample_rate, frame.pts = _SAMPLES, start
    return frame
