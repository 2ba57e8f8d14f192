"""A tiny font of pen strokes: digits, a few signs, and the two characters of the word 分数.

Each sign is a list of strokes on a grid, from (0, 0) at the upper left; digits are 6 wide and 10
high. A pen of any thickness draws them, on any canvas, as a teacher writes on a blackboard.
"""

import math
from collections.abc import Sequence
from functools import cache

from packhorse.demo.raster import Canvas, Plane, Point, thick

HEIGHT = 10.0

_Strokes = Sequence[Sequence[Point]]


def _arc(centre: Point, radii: Point, begin: float, end: float) -> list[Point]:
    """Return an arc; angles in turns, clockwise from the top."""
    steps = max(4, math.ceil(abs(end - begin) * 24))
    turns = [math.tau * (begin + (end - begin) * step / steps) for step in range(steps + 1)]
    x, y = centre
    return [(x + radii[0] * math.sin(turn), y - radii[1] * math.cos(turn)) for turn in turns]


_SIGNS: dict[str, tuple[float, _Strokes]] = {
    "0": (6, [_arc((3, 5), (3, 5), 0, 1)]),
    "1": (6, [[(1.2, 2), (3.4, 0), (3.4, 10)], [(1.2, 10), (5.6, 10)]]),
    "2": (6, [[*_arc((3, 2.9), (2.9, 2.9), -0.25, 0.33), (0.2, 10), (6, 10)]]),
    "3": (6, [_arc((2.8, 2.5), (2.6, 2.5), -0.2, 0.5), _arc((2.8, 7.4), (3, 2.6), 0, 0.72)]),
    "4": (6, [[(4.4, 10), (4.4, 0), (0, 7), (6, 7)]]),
    "5": (6, [[(5.4, 0), (1, 0), (0.6, 4.4), *_arc((2.9, 6.8), (3, 3.2), -0.12, 0.72)]]),
    "6": (6, [[(4.8, 0), (1.2, 4.4)], _arc((3, 7), (3, 3), 0, 1), [(1.2, 4.4), (0.1, 6.4)]]),
    "7": (6, [[(0, 0), (6, 0), (2.2, 10)]]),
    "8": (6, [_arc((3, 2.4), (2.5, 2.4), 0, 1), _arc((3, 7.4), (3, 2.6), 0, 1)]),
    "9": (6, [_arc((3, 3), (3, 3), 0, 1), [(5.9, 3.6), (4.8, 5.8), (1.4, 10)]]),
    ".": (2, [[(1, 9.7), (1, 9.8)]]),
    ":": (2, [[(1, 3), (1, 3.1)], [(1, 8), (1, 8.1)]]),
    "/": (4.4, [[(4.4, 0), (0, 10)]]),
    "=": (6, [[(0.4, 3.8), (5.6, 3.8)], [(0.4, 6.6), (5.6, 6.6)]]),
    "+": (6, [[(0.4, 5.2), (5.6, 5.2)], [(3, 2.6), (3, 7.8)]]),
    "s": (5, [[*_arc((2.5, 5.6), (2, 1.5), 0.22, -0.5), *_arc((2.5, 8.5), (2, 1.5), 0, 0.74)]]),
    " ": (4, []),
    "分": (
        11,
        [
            [(4.2, 0.2), (3, 2.6), (0.2, 5)],
            [(6.6, 0.2), (8, 2.8), (10.8, 4.8)],
            [(2.2, 5.6), (8.4, 5.6), (8.2, 8.6), (7.4, 9.8), (6, 9.4)],
            [(4.9, 5.6), (4.2, 8), (1.6, 10)],
        ],
    ),
    "数": (
        11.4,
        [
            [(1.2, 0.4), (1.9, 1.6)],
            [(4.9, 0.2), (4.1, 1.5)],
            [(0.2, 2.4), (5.8, 2.4)],
            [(3, 0), (3, 4.8)],
            [(2.9, 2.5), (0.4, 4.6)],
            [(3.2, 2.6), (5.6, 4.2)],
            [(2.7, 4.8), (1.2, 7.6), (4.6, 10)],
            [(5, 5.6), (3.8, 8.4), (0.3, 10)],
            [(0.2, 6.2), (5.8, 6.2)],
            [(7.8, 0), (7.2, 2.8), (5.9, 5)],
            [(7.3, 2.5), (11.2, 2.5)],
            [(10, 2.6), (9.2, 6.6), (6.2, 10)],
            [(7.1, 4.4), (8.6, 7.6), (11.3, 10)],
        ],
    ),
}


def width(text: str, size: float) -> float:
    """Return how wide a text is when its digits are `size` high."""
    gaps = max(0, len(text) - 1) * _gap(size)
    return sum(_SIGNS[sign][0] for sign in text) * size / HEIGHT + gaps


def write(
    canvas: Canvas, text: str, place: Point, size: float, ink: tuple[float, tuple[int, ...]]
) -> None:
    """Write a text from its upper left corner; `ink` is the pen's thickness and the colour.

    Raises:
        KeyError: The font has no such sign.
    """
    pen, colour = ink
    x, y = place
    for sign in text:
        for plane, scale, value in zip(canvas.planes, canvas.scales, colour, strict=True):
            mask = _mask(sign, size * scale, pen * scale)
            edge = _margin(pen * scale)
            plane.stamp(mask, round(x * scale) - edge, round(y * scale) - edge, value)
        x += _SIGNS[sign][0] * size / HEIGHT + _gap(size)


def _gap(size: float) -> float:
    return size * 0.24


def _margin(pen: float) -> int:
    return math.ceil(pen / 2) + 1


@cache
def _mask(sign: str, size: float, pen: float) -> Plane:
    grid, strokes = _SIGNS[sign]
    scale, edge = size / HEIGHT, _margin(pen)
    mask = Plane(math.ceil(grid * scale) + 2 * edge, math.ceil(size) + 2 * edge)
    for stroke in strokes:
        for polygon in thick([(edge + x * scale, edge + y * scale) for x, y in stroke], pen):
            mask.fill(polygon, 255)
    return mask
