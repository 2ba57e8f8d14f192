"""What the sample video shows: a cake is divided again and again, and its parts are counted.

The timeline is data that picture and sound share, so that each part is heard when it is taken.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from packhorse.demo import raster, strokes
from packhorse.demo.raster import Canvas, Colour

WIDTH, HEIGHT, FRAMES_PER_SECOND = 640, 360, 24
SCENE_SECONDS = 6
PARTS = (1, 2, 3, 4, 6, 8)
SECONDS = SCENE_SECONDS * len(PARTS)

_DIVIDED_AT, _FILLED_AT = 1.2, 5.2
_CENTRE, _RADIUS = (186.0, 204.0), 112.0
_BAR = (352, 268, 608, 304)
_CLOCK = (468, 20, 620, 52)
_COUNTER = (540, 56, 620, 78)
_FRACTION = (360, 84, 608, 252)
_DIGITS, _SMALL = 58.0, 13.0


@dataclass(frozen=True, slots=True)
class Taking:
    """The moment at which one part is taken."""

    part: int
    of: int
    begin: float
    end: float


def takings() -> list[Taking]:
    """Return every moment at which a part is taken, in seconds of the video."""
    return [
        Taking(part, of, begin, begin + min(0.7, step * 0.8))
        for scene, of in enumerate(PARTS)
        for step in [(_FILLED_AT - _DIVIDED_AT) / of]
        for part in range(1, of + 1)
        for begin in [scene * SCENE_SECONDS + _DIVIDED_AT + (part - 1) * step]
    ]


def _yuv(red: int, green: int, blue: int) -> Colour:
    """Turn a colour into the luma and chroma that video of this size uses (BT.601, limited)."""
    luma = 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256
    first = 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256
    second = 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256
    return round(luma), round(first), round(second)


_BOARD = _yuv(34, 66, 52)
_CHALK = _yuv(240, 238, 226)
_YELLOW = _yuv(250, 216, 96)
_DIM = _yuv(128, 156, 142)
_CAKE = _yuv(70, 104, 88)
_FLAVOURS = (
    _yuv(226, 96, 76),
    _yuv(240, 168, 70),
    _yuv(232, 210, 92),
    _yuv(120, 190, 110),
    _yuv(84, 176, 190),
    _yuv(104, 136, 214),
    _yuv(166, 116, 204),
    _yuv(222, 116, 164),
)


class PieLesson:
    """Paints one frame after the other on the same canvas."""

    def __init__(self) -> None:
        """Wipe the board."""
        board = Canvas(WIDTH, HEIGHT, _BOARD, (1, 0.5, 0.5))
        _dust(board.planes[0].data)
        strokes.write(board, "分数", (30, 22), 36, (4.5, _YELLOW))
        self._board = board
        self._clean = board
        self._canvas = board.copy()
        self._takings = takings()
        self._written = ("", "")

    def frames(self) -> Iterator[Canvas]:
        """Yield the canvas once for each frame; it is painted over for the next one."""
        for number in range(SECONDS * FRAMES_PER_SECOND):
            now = number / FRAMES_PER_SECOND
            scene, in_scene = divmod(number, SCENE_SECONDS * FRAMES_PER_SECOND)
            if in_scene == 0:
                self._begin_scene(PARTS[scene])
            self._divide(PARTS[scene], now % SCENE_SECONDS)
            self._take(now)
            self._write_time(number, now)
            yield self._canvas

    def _begin_scene(self, parts: int) -> None:
        self._clean = self._board.copy()
        self._clean.fill(raster.disc(_CENTRE, _RADIUS), _CAKE)
        self._clean.fill(raster.box(*_BAR), _CAKE)
        self._canvas = self._clean.copy()
        self._written = ("", "")
        self._write_fraction(0, parts)
        self._outline()

    def _outline(self) -> None:
        self._canvas.fill(raster.band(_CENTRE, _RADIUS, 3, (0, 1)), _CHALK)
        left, top, right, bottom = _BAR
        corners = raster.box(left, top, right, bottom)
        self._canvas.line([*corners, corners[0]], 3, _CHALK)

    def _divide(self, parts: int, now: float) -> None:
        """Let the dividing lines grow; only their new ends are painted, but all at last."""
        frame = 1 / FRAMES_PER_SECOND
        if parts == 1 or not 0 < now < _DIVIDED_AT + frame:
            return
        begin = max(0.0, now - 2 * frame) if now < _DIVIDED_AT else 0.0
        ends = [begin / _DIVIDED_AT, min(1.0, now / _DIVIDED_AT)]
        for part in range(parts):
            reach = [raster.on_circle(_CENTRE, _RADIUS * end, part / parts) for end in ends]
            self._canvas.line(reach, 3, _CHALK)
        left, top, right, bottom = _BAR
        for part in range(1, parts):
            x = left + (right - left) * part / parts
            self._canvas.line([(x, top + (bottom - top) * end) for end in ends], 3, _CHALK)

    def _take(self, now: float) -> None:
        frame = 1 / FRAMES_PER_SECOND
        for one in self._takings:
            if one.begin <= now < one.end + frame:
                length = one.end - one.begin
                done = [
                    min(1.0, max(0.0, (at - one.begin) / length)) for at in (now - 2 * frame, now)
                ]
                self._colour_in(one, done[0], done[1])
                if now >= one.end:
                    self._finish_part(one)

    def _colour_in(self, one: Taking, begin: float, end: float) -> None:
        flavour = _FLAVOURS[(one.part - 1) % len(_FLAVOURS)]
        first, size = (one.part - 1) / one.of, 1 / one.of
        if end > begin:
            slice_ = raster.sector(_CENTRE, _RADIUS, first + size * begin, first + size * end)
            self._canvas.fill(slice_, flavour)
            left, top, right, bottom = _BAR
            wide = right - left
            x = [left + wide * (first + size * share) for share in (begin, end)]
            self._canvas.fill(raster.box(x[0], top, x[1], bottom), flavour)

    def _finish_part(self, one: Taking) -> None:
        """Draw the part's edges again, for its colour has run over half of them."""
        self._write_fraction(one.part, one.of)
        turns = ((one.part - 1) / one.of, one.part / one.of)
        self._canvas.fill(raster.band(_CENTRE, _RADIUS, 3, turns), _CHALK)
        left, top, right, bottom = _BAR
        x = [left + (right - left) * turn for turn in turns]
        self._canvas.line([(x[0], top), (x[1], top)], 3, _CHALK)
        self._canvas.line([(x[0], bottom), (x[1], bottom)], 3, _CHALK)
        for turn, edge in zip(turns, x, strict=True):
            if one.of > 1:
                self._canvas.line([_CENTRE, raster.on_circle(_CENTRE, _RADIUS, turn)], 3, _CHALK)
            self._canvas.line([(edge, top), (edge, bottom)], 3, _CHALK)

    def _write_fraction(self, part: int, of: int) -> None:
        self._canvas.restore(self._clean, _FRACTION)
        colour = _FLAVOURS[(part - 1) % len(_FLAVOURS)] if part else _CHALK
        centre = 420
        for text, top, ink in ((str(part), 92.0, colour), (str(of), 182.0, _CHALK)):
            left = centre - strokes.width(text, _DIGITS) / 2
            strokes.write(self._canvas, text, (left, top), _DIGITS, (7, ink))
        self._canvas.line([(centre - 38, 166), (centre + 38, 166)], 5, _CHALK)
        if part == of:
            strokes.write(self._canvas, "=1", (490, 137), _DIGITS, (7, _YELLOW))

    def _write_time(self, number: int, now: float) -> None:
        texts = (f"{now:.1f}s", f"{number:04d}")
        places = ((_CLOCK, 24.0, 3.0, _CHALK), (_COUNTER, _SMALL, 1.8, _DIM))
        for text, old, (area, size, pen, colour) in zip(texts, self._written, places, strict=True):
            if text != old:
                self._canvas.restore(self._clean, area)
                left = area[2] - 8 - strokes.width(text, size)
                strokes.write(self._canvas, text, (left, area[1] + 4), size, (pen, colour))
        self._written = texts


def _dust(luma: bytearray) -> None:
    """Give the board the grain of chalk dust, the same on every machine."""
    grain = hashlib.shake_256(b"packhorse board").digest(len(luma))
    rough = bytes(value * _ROUGHNESS // 256 for value in range(256))
    luma[:] = bytes(map(int.__add__, luma, grain.translate(rough)))


_ROUGHNESS = 12
