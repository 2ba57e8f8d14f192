"""Smooth shapes on plain byte buffers, so that a demo needs no picture library.

A canvas is a list of planes (red, green, blue, or luma and two half-size chroma planes), each a
bytearray of one byte a pixel. Polygons are filled scanline by scanline; the exact width of each
crossing is summed up as a difference row, so that edges are smooth and long runs cost nothing.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

Point = tuple[float, float]
Colour = tuple[int, ...]
"""One value a plane."""

_LINES = 4
_FULL = 255
_SHARE = _FULL / _LINES
_DISC_STEPS, _DOT_STEPS = 96, 12


class Plane:
    """One byte a pixel."""

    def __init__(self, width: int, height: int, value: int = 0) -> None:
        """Make a plane of one value."""
        self.width = width
        self.height = height
        self.data = bytearray([value]) * (width * height)

    def copy(self) -> "Plane":
        """Return a plane with the same pixels."""
        twin = Plane(self.width, self.height)
        twin.data[:] = self.data
        return twin

    def fill(self, polygon: Sequence[Point], value: int) -> None:
        """Fill a polygon (even-odd) with a value, its edges blended with what is there."""
        low = max(0, math.floor(min(y for _, y in polygon)))
        high = min(self.height, math.ceil(max(y for _, y in polygon)))
        for row in range(low, high):
            self._blend(row, _coverage(polygon, row, self.width), value)

    def stamp(self, mask: "Plane", left: int, top: int, value: int) -> None:
        """Blend a value through a mask whose upper left corner lies at the given pixel."""
        for row in range(mask.height):
            cover = mask.data[row * mask.width : (row + 1) * mask.width]
            self._blend(top + row, (left, bytes(cover)), value)

    def restore(self, other: "Plane", box: tuple[int, int, int, int]) -> None:
        """Copy a box (left, top, right, bottom) from a plane of the same size."""
        left, top, right, bottom = box
        for row in range(top, bottom):
            span = slice(row * self.width + left, row * self.width + right)
            self.data[span] = other.data[span]

    def _blend(self, row: int, span: tuple[int, bytes], value: int) -> None:
        left, cover = span
        base = row * self.width + left
        solid = cover.find(b"\xff")
        if solid < 0:
            self._mix(base, cover, value)
            return
        end = cover.rfind(b"\xff") + 1
        if cover.count(b"\xff", solid, end) != end - solid:
            self._mix(base, cover, value)
            return
        self._mix(base, cover[:solid], value)
        self.data[base + solid : base + end] = bytes([value]) * (end - solid)
        self._mix(base + end, cover[end:], value)

    def _mix(self, base: int, cover: bytes, value: int) -> None:
        if not cover.strip(b"\0"):
            return
        span = slice(base, base + len(cover))
        self.data[span] = bytes(
            old + (value - old) * share // _FULL
            for old, share in zip(self.data[span], cover, strict=True)
        )


class Canvas:
    """Planes that are painted together; `scales` are their sizes relative to the canvas."""

    def __init__(self, width: int, height: int, colour: Colour, scales: Sequence[float]) -> None:
        """Make a canvas of one colour."""
        self.width = width
        self.height = height
        self.scales = tuple(scales)
        self.planes = [
            Plane(int(width * scale), int(height * scale), value)
            for scale, value in zip(self.scales, colour, strict=True)
        ]

    def copy(self) -> "Canvas":
        """Return a canvas with the same pixels."""
        twin = Canvas(0, 0, (0,) * len(self.planes), self.scales)
        twin.width, twin.height = self.width, self.height
        twin.planes = [plane.copy() for plane in self.planes]
        return twin

    def fill(self, polygon: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        for plane, scale, value in zip(self.planes, self.scales, colour, strict=True):
            plane.fill([(x * scale, y * scale) for x, y in polygon], value)

    def line(self, points: Sequence[Point], thickness: float, colour: Colour) -> None:
        """Draw a line through points, with round ends and corners."""
        for polygon in thick(points, thickness):
            self.fill(polygon, colour)

    def restore(self, other: "Canvas", box: tuple[int, int, int, int]) -> None:
        """Copy a box of even coordinates from a canvas of the same size."""
        for plane, source, scale in zip(self.planes, other.planes, self.scales, strict=True):
            left, top, right, bottom = (int(edge * scale) for edge in box)
            plane.restore(source, (left, top, right, bottom))


def sector(centre: Point, radius: float, begin: float, end: float) -> list[Point]:
    """Return a slice of a disc; angles in turns, clockwise from the top."""
    steps = max(2, math.ceil(abs(end - begin) * _DISC_STEPS))
    angles = [begin + (end - begin) * step / steps for step in range(steps + 1)]
    return [centre, *(on_circle(centre, radius, angle) for angle in angles)]


def disc(centre: Point, radius: float) -> list[Point]:
    """Return a whole disc, with as many corners as its size needs to look round."""
    steps = min(_DISC_STEPS, max(_DOT_STEPS, int(radius * 3)))
    return [on_circle(centre, radius, step / steps) for step in range(steps)]


def band(centre: Point, radius: float, thickness: float, turns: tuple[float, float]) -> list[Point]:
    """Return a part of a circle's line, from one angle to another; (0, 1) is the whole ring."""
    begin, end = turns
    outer = sector(centre, radius + thickness / 2, begin, end)[1:]
    inner = sector(centre, radius - thickness / 2, begin, end)[1:]
    return [*outer, *reversed(inner)]


def on_circle(centre: Point, radius: float, angle: float) -> Point:
    """Return a point of a circle; the angle in turns, clockwise from the top."""
    turn = math.tau * angle
    return centre[0] + radius * math.sin(turn), centre[1] - radius * math.cos(turn)


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """Return a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def thick(points: Sequence[Point], thickness: float) -> Iterable[list[Point]]:
    """Return the polygons that make a line through points, round at ends and corners."""
    half = thickness / 2
    for point in points:
        yield disc(point, half)
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        across, along = (y1 - y0) / length * half, (x1 - x0) / length * half
        yield [
            (x0 + across, y0 - along),
            (x1 + across, y1 - along),
            (x1 - across, y1 + along),
            (x0 - across, y0 + along),
        ]


def _coverage(polygon: Sequence[Point], row: int, width: int) -> tuple[int, bytes]:
    """Return where a pixel row of the polygon begins and how much of each pixel it covers."""
    spans = [
        span for line in range(_LINES) for span in _crossings(polygon, row + (line + 0.5) / _LINES)
    ]
    spans = [(max(0.0, a), min(float(width), b)) for a, b in spans if b > 0 and a < width]
    if not spans:
        return 0, b""
    left = int(min(a for a, _ in spans))
    right = math.ceil(max(b for _, b in spans))
    # Between these two every line of the row covers whole pixels (when the row is one run).
    solid = math.ceil(max(a for a, _ in spans))
    length = math.floor(min(b for _, b in spans)) - solid
    if len(spans) != _LINES or length <= 0:
        return left, _edges(spans, left, right - left)
    before = _edges([(a, solid) for a, _ in spans], left, solid - left)
    after = _edges([(solid + length, b) for _, b in spans], solid + length, right - solid - length)
    return left, before + b"\xff" * length + after


def _edges(spans: Sequence[tuple[float, float]], left: int, size: int) -> bytes:
    """Return how much of each of `size` pixels, from `left` on, the spans cover."""
    change = [0.0] * (size + 2)
    for begin, end in spans:
        for edge, share in ((begin, _SHARE), (end, -_SHARE)):
            pixel = int(edge)
            part = (edge - pixel) * share
            change[pixel - left] += share - part
            change[pixel - left + 1] += part
    return bytes([min(_FULL, max(0, round(cover))) for cover in accumulate(change)][:size])


def _crossings(polygon: Sequence[Point], y: float) -> list[tuple[float, float]]:
    found: list[float] = []
    x0, y0 = polygon[-1]
    for x1, y1 in polygon:
        if (y0 <= y) != (y1 <= y):
            found.append(x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        x0, y0 = x1, y1
    found.sort()
    return list(zip(found[::2], found[1::2], strict=True))
