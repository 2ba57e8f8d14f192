"""Soft tones from plain arithmetic: 48 kHz, 16 bit, two equal channels."""

import math
from array import array
from functools import cache

RATE = 48_000
_SCALE = (261.63, 293.66, 329.63, 392.00, 440.00, 523.25, 587.33, 659.26)
"""Hertz of a scale without half tones, so that nothing sounds wrong together."""
_CHORD = (0, 2, 3, 5)
_RING_SECONDS = 1.6
_LOUDNESS = 5_200


class Tape:
    """One channel of silence on which tones are laid."""

    def __init__(self, seconds: float) -> None:
        """Make a tape of the given length."""
        self._samples = array("h", bytes(2 * round(seconds * RATE)))

    def note(self, step: int, at: float) -> None:
        """Lay one tone of the scale at a time in seconds; what runs off the end is lost."""
        begin = round(at * RATE)
        tone = _tone(step % len(_SCALE))
        room = max(0, min(len(tone), len(self._samples) - begin))
        span = slice(begin, begin + room)
        self._samples[span] = array("h", map(int.__add__, self._samples[span], tone[:room]))

    def chord(self, at: float) -> None:
        """Lay a chord, spread a little as on a harp."""
        for place, step in enumerate(_CHORD):
            self.note(step, at + 0.05 * place)

    def stereo(self) -> bytes:
        """Return the samples for two channels, interleaved, in the machine's byte order."""
        both = array("h", bytes(4 * len(self._samples)))
        both[0::2] = self._samples
        both[1::2] = self._samples
        return both.tobytes()


@cache
def _tone(step: int) -> "array[int]":
    """Return a plucked tone: two partials that die away, begun softly against a click."""
    turn = math.tau * _SCALE[step] / RATE
    length = round(_RING_SECONDS * RATE)
    soft = RATE // 100

    def sample(place: int) -> int:
        fade = math.exp(-4.5 * place / length) * min(1.0, place / soft, (length - place) / soft)
        return round(
            _LOUDNESS * fade * (math.sin(turn * place) + 0.35 * math.sin(2 * turn * place))
        )

    return array("h", map(sample, range(length)))
