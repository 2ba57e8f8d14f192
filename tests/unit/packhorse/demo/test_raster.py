import math
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse.demo import raster, strokes
from packhorse.demo.pictures import png
from packhorse.demo.raster import Canvas, Plane


def area(plane: Plane) -> float:
    """Return how many whole pixels the ink of value 255 on 0 makes up."""
    return sum(plane.data) / 255


edges = st.floats(0, 60, allow_nan=False)


@given(edges, edges, edges, edges)
def test_a_box_covers_its_area(x0: float, x1: float, y0: float, y1: float) -> None:
    """Widths are exact; heights are sampled in quarters of a pixel."""
    plane = Plane(64, 64)
    plane.fill(raster.box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), 255)
    width, height = abs(x1 - x0), abs(y1 - y0)
    assert area(plane) == pytest.approx(width * height, abs=width * 0.26 + height + 1)


@pytest.mark.parametrize("radius", [3.0, 20.5, 30.0])
def test_a_disc_covers_its_area(radius: float) -> None:
    plane = Plane(64, 64)
    plane.fill(raster.disc((32, 32), radius), 255)
    assert area(plane) == pytest.approx(math.pi * radius**2, rel=0.05)


def test_slices_of_a_disc_make_it_whole() -> None:
    parts, whole = Plane(64, 64), Plane(64, 64)
    whole.fill(raster.disc((32, 32), 28), 255)
    for part in range(6):
        parts.fill(raster.sector((32, 32), 28, part / 6, (part + 1) / 6), 255)
    assert area(parts) == pytest.approx(area(whole), rel=0.02)


def test_what_lies_outside_is_cut_off() -> None:
    """A shape over every edge fills the plane and nothing else."""
    plane = Plane(8, 6)
    plane.fill(raster.box(-20, -20, 40, 40), 7)
    assert plane.data == bytes([7]) * 48
    plane.fill(raster.disc((100, 100), 5), 9)
    assert plane.data == bytes([7]) * 48


def test_edges_blend_and_the_middle_does_not() -> None:
    plane = Plane(6, 1, value=100)
    plane.fill([(1.5, 0), (4.5, 0), (4.5, 1), (1.5, 1)], 200)
    assert list(plane.data) == [100, 150, 200, 200, 150, 100]


def test_restored_box_is_as_before() -> None:
    clean = Canvas(32, 32, (10, 20, 30), (1, 0.5, 0.5))
    canvas = clean.copy()
    canvas.fill(raster.box(4, 4, 28, 28), (200, 210, 220))
    assert canvas.planes[1].data != clean.planes[1].data
    canvas.restore(clean, (2, 2, 30, 30))
    assert [plane.data for plane in canvas.planes] == [plane.data for plane in clean.planes]


def test_every_digit_leaves_its_own_ink() -> None:
    drawn = set()
    for sign in "0123456789./=+:s分数":
        canvas = Canvas(40, 40, (0,), (1,))
        strokes.write(canvas, sign, (4, 4), 30, (3, (255,)))
        assert area(canvas.planes[0]) > 5
        drawn.add(bytes(canvas.planes[0].data))
    assert len(drawn) == 18


def test_png_holds_the_pixels() -> None:
    canvas = Canvas(3, 2, (1, 2, 3), (1, 1, 1))
    canvas.fill(raster.box(1, 0, 2, 1), (250, 251, 252))
    data = png(canvas)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (3, 2)
    begin = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[begin - 4 : begin])
    body = data[begin + 4 : begin + 4 + length]
    (crc,) = struct.unpack(">I", data[begin + 4 + length : begin + 8 + length])
    assert crc == zlib.crc32(b"IDAT" + body)
    dot, paper = bytes([250, 251, 252]), bytes([1, 2, 3])
    assert zlib.decompress(body) == b"\0" + paper + dot + paper + b"\0" + paper * 3
