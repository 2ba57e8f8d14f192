"""The sample course's still pictures: painted here, written as PNG by hand, one as SVG."""

import struct
import zlib
from pathlib import Path

from packhorse.demo import raster, strokes
from packhorse.demo.raster import Canvas, Colour

_RGB = (1, 1, 1)
_PAPER: Colour = (255, 252, 244)
_INK: Colour = (52, 60, 66)
_GOOD: Colour = (64, 150, 90)
_BAD: Colour = (206, 74, 60)
_CAKE: Colour = (244, 208, 132)
_TAKEN: Colour = (236, 140, 84)
_ROWS: tuple[tuple[int, Colour], ...] = (
    (1, (232, 120, 104)),
    (2, (240, 168, 92)),
    (3, (240, 206, 104)),
    (4, (168, 206, 120)),
    (5, (112, 192, 168)),
    (6, (112, 172, 214)),
    (8, (150, 150, 214)),
    (10, (196, 140, 200)),
)


def png(canvas: Canvas) -> bytes:
    """Return a canvas of red, green and blue as a PNG file."""
    width, height = canvas.width, canvas.height
    rows = bytearray()
    for top in range(0, width * height, width):
        row = bytearray(3 * width)
        for place, plane in enumerate(canvas.planes):
            row[place::3] = plane.data[top : top + width]
        rows += b"\0" + row
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(rows), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_fair_shares(path: Path) -> None:
    """Write the picture of a cake cut fairly, with a tick, and of one that is not, with a cross."""
    canvas = Canvas(960, 480, _PAPER, _RGB)
    for x, turns in ((240.0, (0, 0.25, 0.5, 0.75)), (720.0, (0, 0.12, 0.5, 0.68))):
        centre = (x, 210.0)
        canvas.fill(raster.disc(centre, 168), _CAKE)
        canvas.fill(raster.sector(centre, 168, turns[0], turns[1]), _TAKEN)
        for turn in turns:
            canvas.line([centre, raster.on_circle(centre, 168, turn)], 6, _INK)
        canvas.fill(raster.band(centre, 168, 6, (0, 1)), _INK)
    canvas.line([(205, 432), (232, 460), (280, 404)], 12, _GOOD)
    canvas.line([(694, 406), (746, 460)], 12, _BAD)
    canvas.line([(746, 406), (694, 460)], 12, _BAD)
    path.write_bytes(png(canvas))


def write_paper_strip(path: Path) -> None:
    """Write the picture of a strip of paper folded into four, one part named 1/4."""
    canvas = Canvas(960, 360, _PAPER, _RGB)
    left, top, right, bottom = 60.0, 60.0, 900.0, 180.0
    part = (right - left) / 4
    canvas.fill(raster.box(left, top, right, bottom), (214, 232, 244))
    canvas.fill(raster.box(left, top, left + part, bottom), (104, 164, 216))
    for fold in range(1, 4):
        x = left + part * fold
        for dash in range(5):
            canvas.line([(x, top + 4 + dash * 26), (x, top + 14 + dash * 26)], 4, _INK)
    corners = raster.box(left, top, right, bottom)
    canvas.line([*corners, corners[0]], 6, _INK)
    middle = left + part / 2
    canvas.line([(left, 204), (left, 216), (left + part, 216), (left + part, 204)], 5, _BAD)
    for text, y in (("1", 236.0), ("4", 298.0)):
        place = (middle - strokes.width(text, 42) / 2, y)
        strokes.write(canvas, text, place, 42, (5.5, _BAD))
    canvas.line([(middle - 26, 288), (middle + 26, 288)], 5, _BAD)
    path.write_bytes(png(canvas))


def write_fraction_wall(path: Path) -> None:
    """Write the fraction wall: one whole above, and below it its halves, thirds, quarters ..."""
    canvas = Canvas(1280, 800, _PAPER, _RGB)
    left, top, wide, high = 40.0, 40.0, 1200.0, 90.0
    for row, (parts, colour) in enumerate(_ROWS):
        y = top + row * high
        for part in range(parts):
            x = left + wide * part / parts
            canvas.fill(raster.box(x + 2, y + 2, x + wide / parts - 2, y + high - 2), colour)
            label = "1" if parts == 1 else f"1/{parts}"
            place = (x + (wide / parts - strokes.width(label, 30)) / 2, y + (high - 30) / 2)
            strokes.write(canvas, label, place, 30, (4, _INK))
    path.write_bytes(png(canvas))


def write_number_line(path: Path) -> None:
    """Write the number line from 0 to 1 in quarters, as SVG."""
    marks = "".join(
        f'<path d="M{x} 62v36"/><text x="{x}" y="136">{text}</text>'
        for x, text in ((60, "0"), (220, "1/4"), (380, "2/4"), (540, "3/4"), (700, "1"))
    )
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 160" role="img"'
        ' aria-label="0 1/4 2/4 3/4 1">\n'
        '<rect width="760" height="160" fill="#fffcf4"/>\n'
        '<g stroke="#343c42" stroke-width="4" stroke-linecap="round" fill="none">'
        '<path d="M30 80h700m-14-10 14 10-14 10"/></g>\n'
        '<path d="M60 80h480" stroke="#ce4a3c" stroke-width="8" stroke-linecap="round"/>\n'
        '<g stroke="#343c42" stroke-width="4" text-anchor="middle" font-family="sans-serif"'
        f' font-size="28">{marks.replace("<text", _TEXT)}</g>\n'
        "</svg>\n",
        encoding="utf-8",
    )


_TEXT = '<text stroke="none" fill="#343c42"'
