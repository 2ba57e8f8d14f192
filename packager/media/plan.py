"""Which renditions a source gets: pure.

Rules:
    - ``best`` is the source's own picture where it is fit, and at most 720 lines of it otherwise.
    - A step such as ``240p`` is never larger than the source. One that would be as large as the
      best is that one: then there is a single rendition, small enough for the step's line.
    - A source of sound alone gets ``audio`` whatever is wanted.
    - A rendition's settings begin with what it answers, and the recipe; so a packager that has
      never seen the source knows a published rendition again.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec.structs import replace

from core.rendition import AUDIO, rank
from packager.media.facts import Facts, Sight, Step

RECIPE: Final = 1
"""Raised when what it made before must not be used any more: all is made again then."""

BEST: Final = "best"
USUAL: Final = (BEST, "240p", AUDIO)
STEPS: Final = {"240p": 176_000, "360p": 432_000, "480p": 800_000, "720p": 1_600_000}
"""Bits a second of picture, sound and container together, by what can be asked for."""
NAMES: Final = (BEST, *STEPS, AUDIO)

_AUDIO_BITS: Final = 48_000
# What the container takes of a rendition, a second: each frame's entry, each segment's boxes.
_FRAME_BITS: Final = 8 * 8
_SOUND_FRAMES: Final = Fraction(48_000, 1024)
_SOUND_FRAME_BITS: Final = 4 * 8
_SEGMENT_BITS: Final = 8 * 300 // 4
_SOUND_OF_BEST: Final = 96_000
_SOUND_BESIDE_COPY: Final = 128_000
_MOST_LINES: Final = 720
LEAST: Final = 16
"""Pixels along an edge of a picture, at least: one as thin as a thread is stretched."""
_WIDEST_SHAPE: Final = Fraction(16, 9)
_MOST_FRAMES: Final = 30
# A small source that is fit stays as it is while it takes at most this much more than the step.
_SMALL_ENOUGH: Final = 1.5


class _Size(NamedTuple):
    width: int
    height: int


def steps(facts: Facts, wanted: Sequence[str]) -> list[Step]:
    """Give what to make of a source, best first.

    Args:
        facts: the source.
        wanted: names out of ``NAMES``, not empty.
    """
    sight = facts.sight
    if sight is None:
        return [_audio([one for one in NAMES if one in wanted or one == AUDIO])]
    made: dict[str, Step] = {}
    asked = sorted(set(wanted) - {AUDIO}, key=NAMES.index)
    answers: dict[int, list[str]] = {}
    for name in asked:
        answers.setdefault(_size(sight, name).height, []).append(name)
    for names in answers.values():
        step = _picture(facts, sight, names)
        made[step.name] = step
    if AUDIO in wanted:
        made[AUDIO] = _audio([AUDIO])
    alone = not any(step.video_bits for step in made.values())
    found = [replace(step, alone=alone and step.copies_picture) for step in made.values()]
    return sorted(found, key=lambda step: rank(step.name))


def answers(settings: str) -> frozenset[str]:
    """Give what of ``NAMES`` a rendition of this recipe answers; nothing when it is of another."""
    names, _, rest = settings.partition(f", recipe {RECIPE}: ")
    return frozenset(names.split("+")) if rest else frozenset()


def recipe_of(settings: str) -> str:
    """Give how a rendition was made, without what it was made for."""
    return settings.partition(", ")[2]


def _size(sight: Sight, name: str) -> _Size:
    if name == BEST and sight.copied:
        return _Size(sight.width, sight.height)
    lines = _MOST_LINES if name == BEST else int(name[:-1])
    widest = lines * _WIDEST_SHAPE
    scale = min(Fraction(1), Fraction(lines, sight.height), widest / sight.width)
    return _Size(_even(sight.width * scale), _even(sight.height * scale))


def _even(number: Fraction) -> int:
    return max(LEAST, round(number / 2) * 2)


def _picture(facts: Facts, sight: Sight, names: list[str]) -> Step:
    size = _size(sight, names[0])
    # The lowest comes first of those that are as large as the source.
    lower = [one for one in names if one != BEST]
    total = STEPS[lower[0]] if lower else _best_bits(size)
    if BEST in names and sight.copied and _may_stay(facts, lower, total):
        return _copy(facts, sight, names)
    rate = Fraction(*sight.rate)
    while rate > _MOST_FRAMES:
        rate /= 2
    sound = _AUDIO_BITS if total <= STEPS["360p"] else _SOUND_OF_BEST
    around = int(rate * _FRAME_BITS + _SOUND_FRAMES * _SOUND_FRAME_BITS + _SEGMENT_BITS)
    bits = max(20_000, total - sound - around)
    return Step(
        name=f"{size.height}p",
        settings=_settings(
            names,
            f"h264 {size.width}x{size.height} {float(rate):.5g} fps {bits // 1000} kbit/s,"
            f" aac {sound // 1000} kbit/s -16 LUFS",
        ),
        width=size.width,
        height=size.height,
        rate=(rate.numerator, rate.denominator),
        video_bits=bits,
        audio_bits=sound,
    )


def _may_stay(facts: Facts, lower: list[str], total: int) -> bool:
    rate = 8000 * facts.size / max(1, facts.length)
    return not lower or rate <= total * _SMALL_ENOUGH


def _copy(facts: Facts, sight: Sight, names: list[str]) -> Step:
    sound = facts.sound
    bits = 0 if sound and sound.copied else _SOUND_BESIDE_COPY
    told = f"aac {bits // 1000} kbit/s -16 LUFS" if bits else "aac as it is"
    return Step(
        name=f"{sight.height}p",
        settings=_settings(names, f"h264 as it is, {told}"),
        width=sight.width,
        height=sight.height,
        rate=sight.rate,
        audio_bits=bits,
    )


def _audio(names: list[str]) -> Step:
    # Speech has pauses, in which the encoder saves about what the container takes.
    told = f"aac {_AUDIO_BITS // 1000} kbit/s -16 LUFS"
    return Step(name=AUDIO, settings=_settings(names, told), audio_bits=_AUDIO_BITS)


def _settings(names: Sequence[str], how: str) -> str:
    return f"{'+'.join(names)}, recipe {RECIPE}: {how}"


def _best_bits(size: _Size) -> int:
    """Give bits a second for the best picture: what its lines need."""
    known = sorted((int(name[:-1]), bits) for name, bits in STEPS.items())
    return next((bits for lines, bits in known if lines >= size.height), known[-1][1])
