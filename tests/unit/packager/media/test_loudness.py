"""Loudness and peaks of what is encoded, measured by decoding it again."""

import io
import math
import random
from array import array
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from packager.media import loudness, sound
from packager.media.facts import Step
from packager.media.make import Job, make
from packager.media.probe import probe
from packager.media.source import Source

RATE = 48_000
SECONDS = 8


def clicks() -> Iterator[float]:
    """A quiet voice, and noise of a few milliseconds twice a second, far above it."""
    chance = random.Random(2)
    for number in range(SECONDS * RATE):
        at = number / RATE
        voice = 0.05 * math.sin(at * 2 * math.pi * 180) * (0.5 + 0.5 * math.sin(at * 19))
        yield voice + (chance.uniform(-0.8, 0.8) if number % (RATE // 2) < 200 else 0.0)


def recorded(samples: Iterator[float]) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame("s16", "mono", SECONDS * RATE)
        frame.planes[0].update(array("h", (round(one * 32767) for one in samples)).tobytes())
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
    return out.getvalue()


@pytest.mark.parametrize("bits", [48_000, 96_000, 128_000])
def test_peaks_stay_below_full_scale_once_they_are_decoded(bits: int, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(recorded(clicks()))
    source = Source(tmp_path / "source", "1.mkv")
    step = Step(name="audio", settings="", audio_bits=bits)
    made = tmp_path / "made.mp4"
    make(Job(source, probe(source, lambda _: None), step), made, lambda _: None)
    decoded = Source(made, "made.mp4")
    found = loudness.measure(sound.frames(decoded, probe(decoded, lambda _: None)))
    assert found.integrated == pytest.approx(loudness.TARGET, abs=1)
    assert found.peak < 1
