"""Loudness by EBU R128: measured over the whole, then set by one gain, with a limiter behind it.

One gain for all keeps the teacher's own dynamics; a limiter takes what then would be too loud.
Where it takes so much that the whole becomes quieter, the gain is raised by the difference.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import av
import av.error
import av.filter
from av.audio.frame import AudioFrame

from packager.media.sound import RATE, is_narrow

TARGET: Final = -16.0
"""LUFS."""
# Peaks are held so far below full scale, dB, that none lies above it once it is decoded: an encoder
# adds to them, measured with the hardest sounds 1 dB, and 4 dB where every bit counts.
_BELOW: Final = 2.0
_FAR_BELOW: Final = 4.5
# Below this there is nothing but noise, which nobody wants to hear louder.
_SILENCE: Final = -60.0
_MOST_GAIN: Final = 30.0
# So many times 12 dB an octave.
_STEEP: Final = 3
_NEAR: Final = 0.2
_TRIES: Final = 3

Sounding = Callable[[], Iterable[AudioFrame]]


class Loudness(NamedTuple):
    """What was measured: LUFS, and the loudest sample from 0 to 1."""

    integrated: float
    peak: float


def ceiling(bits: int) -> float:
    """Give the highest sample, of 1, that sound of so many bits a second is to have."""
    return float(10 ** (-(_FAR_BELOW if is_narrow(bits) else _BELOW) / 20))


def gain_for(sounding: Sounding, highest: float) -> float:
    """Give the gain in dB that brings sound to ``TARGET``.

    Args:
        sounding: gives all of it, as often as it is called.
        highest: what its peaks are held below.
    """
    found = measure(sounding())
    if found.integrated < _SILENCE:
        return 0.0
    gain = min(TARGET - found.integrated, _MOST_GAIN)
    for _ in range(_TRIES):
        if found.peak * 10 ** (gain / 20) <= highest:
            break
        missing = TARGET - measure(levelled(sounding(), gain, highest)).integrated
        if abs(missing) <= _NEAR:
            break
        gain = min(gain + missing, _MOST_GAIN)
    return gain


def measure(frames: Iterable[AudioFrame]) -> Loudness:
    """Measure sound of 48 kHz in stereo."""
    found, peak = -math.inf, 0.0
    chain = [("ebur128", "metadata=1:peak=sample:framelog=quiet")]
    for frame in _filtered(frames, chain):
        told = frame.metadata
        found = float(told.get("lavfi.r128.I", found))
        peak = max(peak, *(float(told.get(f"lavfi.r128.sample_peaks_ch{n}", 0)) for n in (0, 1)))
    return Loudness(found, peak)


def banded(frames: Iterable[AudioFrame], highest: int) -> Iterator[AudioFrame]:
    """Give sound without what lies above a pitch, Hz.

    An encoder would leave it out, and the whole would be quieter than it was measured to be.
    """
    yield from _filtered(frames, [("lowpass", f"f={highest}")] * _STEEP)


def levelled(frames: Iterable[AudioFrame], gain: float, highest: float) -> Iterator[AudioFrame]:
    """Give sound louder by a gain in dB, its peaks held below ``highest``."""
    limiter = f"limit={highest:.6f}:attack=5:release=50:level=disabled:latency=1"
    chain = [("volume", f"{gain:.3f}dB"), ("alimiter", limiter)]
    yield from _filtered(frames, chain)


def _filtered(frames: Iterable[AudioFrame], filters: list[tuple[str, str]]) -> Iterator[AudioFrame]:
    graph = av.filter.Graph()
    nodes = [graph.add_abuffer(sample_rate=RATE, format="fltp", layout="stereo")]
    nodes += [graph.add(name, arguments) for name, arguments in filters]
    nodes.append(graph.add("aformat", "sample_fmts=fltp:channel_layouts=stereo"))
    nodes.append(graph.add("abuffersink"))
    graph.link_nodes(*nodes).configure()
    for frame in frames:
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: av.filter.Graph) -> Iterator[AudioFrame]:
    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            frame = graph.pull()
            if isinstance(frame, AudioFrame):
                yield frame
