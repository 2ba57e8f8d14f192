"""Stills beside sound alone: at the first moment, and where the scene changes.

All are looked at small and grey. A scene counts as changed where enough of the picture is unlike
the last still. It is taken once the picture rests, or shortly after, and shown from the change on.
What is too much for the budget goes, the least change first.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import av
from av.video.frame import VideoFrame

from core.rendition import MOST_PICTURES
from packager.media.facts import Facts, Sight, Still
from packager.media.picture import Fitting, Shown, shown
from packager.media.source import Source

Progress = Callable[[float], None]

# Bytes of all stills: about 2 MB for 45 minutes, and enough for a short lesson.
_BYTES_A_MINUTE: Final = 2_000_000 // 45
_LEAST_BYTES: Final = 200_000
_LINES: Final = 480
_WIDEST: Final = 1024
_QUALITY: Final = 5
_SMALL: Final = (64, 36)
# A cell has changed by so much of 255; a scene, when so many cells have.
_CELL: Final = 24
_SCENE: Final = 0.06
_RESTING: Final = 0.02
# Seconds.
_EVERY: Final = 1.0
_APART: Final = 4.0
_PATIENCE: Final = 2.0
# Key frames alone are looked at when none is further away than this, in milliseconds.
_KEYS_ENOUGH: Final = 4000


class _Scene(NamedTuple):
    at: float
    change: float
    data: bytes


def take_stills(source: Source, facts: Facts, target: Path, progress: Progress) -> list[Still]:
    """Write stills beside ``target``, and say when each is shown.

    Raises:
        RefusedError: the source cannot be decoded.
    """
    sight = facts.sight
    if sight is None:
        return []
    keys_only = sight.keys <= _KEYS_ENOUGH
    found = _scenes(_looked_at(source, facts, progress, keys_only=keys_only), sight)
    stills: list[Still] = []
    for number, scene in enumerate(_affordable(found, facts.length), 1):
        file = target.with_name(f"{target.name}-{number:04}.jpg")
        file.write_bytes(scene.data)
        stills.append(Still(round(scene.at * 1000), file.name))
    return stills


def _looked_at(
    source: Source, facts: Facts, progress: Progress, *, keys_only: bool
) -> Iterator[Shown]:
    """Give a frame for about each second."""
    due = 0.0
    for one in shown(source, facts, keys_only=keys_only):
        if one.at >= due and one.at * 1000 < facts.length:
            due = one.at + _EVERY
            progress(one.at * 1000 / facts.length)
            yield one


def _scenes(frames: Iterator[Shown], sight: Sight) -> Iterator[_Scene]:
    camera = _Camera(sight)
    kept = before = b""
    last = 0.0
    since: float | None = None
    begun = 0.0
    for one in frames:
        view = camera.view(one.frame)
        if not kept:
            yield _Scene(0.0, 1.0, camera.still(one.frame))
            kept = before = view
        change = _difference(kept, view)
        step = _difference(before, view)
        before = view
        if change < _SCENE or one.at - last < _APART:
            since = None
            continue
        since = one.at if since is None else since
        # The whole scene changes while something in it moves already.
        begun = one.at if since == one.at or step >= _SCENE else begun
        if step <= _RESTING or one.at - since >= _PATIENCE:
            yield _Scene(begun, change, camera.still(one.frame))
            kept, last, since = view, begun, None


class _Camera:
    def __init__(self, sight: Sight) -> None:
        scale = min(Fraction(1), Fraction(_LINES, sight.height), Fraction(_WIDEST, sight.width))
        self._width = max(2, round(sight.width * scale / 2) * 2)
        self._height = max(2, round(sight.height * scale / 2) * 2)
        self._fitted = Fitting(self._width, self._height)
        self._small = Fitting(*_SMALL)

    def view(self, frame: VideoFrame) -> bytes:
        """Give a small grey picture."""
        plane = self._small.fit(frame).planes[0]
        data, width = bytes(plane), plane.line_size
        return b"".join(data[n * width : n * width + _SMALL[0]] for n in range(_SMALL[1]))

    def still(self, frame: VideoFrame) -> bytes:
        """Give a JPEG file."""
        fitted = self._fitted.fit(frame).reformat(format="yuvj420p")
        encoder = av.VideoCodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = self._width, self._height, "yuvj420p"
        encoder.time_base = Fraction(1, 25)
        encoder.qmin = encoder.qmax = _QUALITY
        fitted.pts = 0
        return b"".join(bytes(one) for one in [*encoder.encode(fitted), *encoder.encode(None)])


def _difference(one: bytes, other: bytes) -> float:
    """Give the share of cells that differ."""
    changed = sum(abs(a - b) >= _CELL for a, b in zip(one, other, strict=True))
    return changed / len(one)


def _affordable(scenes: Iterable[_Scene], length: int) -> list[_Scene]:
    """Give in order what the budget has room for; no more than that is in memory."""
    budget = max(_LEAST_BYTES, _BYTES_A_MINUTE * length // 60_000)
    kept: list[tuple[float, float, _Scene]] = []
    first: list[_Scene] = []
    total = 0
    for scene in scenes:
        total += len(scene.data)
        # The first stays: there is always something to see.
        if not first:
            first.append(scene)
            continue
        heapq.heappush(kept, (scene.change, scene.at, scene))
        while kept and (total > budget or len(kept) >= MOST_PICTURES):
            total -= len(heapq.heappop(kept)[2].data)
    return [*first, *(scene for _, _, scene in sorted(kept, key=lambda one: one[1]))]
