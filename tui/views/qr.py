"""A QR code in half blocks: two rows of it in a line of the terminal."""

from typing import Final

import segno

from tui.views.sheet import Note

# Phones want four; two are enough on a white ground, and a terminal has few lines.
_BORDER: Final = 2
_HALVES: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
_MOST_CHARACTERS: Final = 200


def code_lines(text: str) -> list[str]:
    """Draw a QR code, dark as filled; empty for a text that is no address."""
    if not text or len(text) > _MOST_CHARACTERS:
        return []
    code = segno.make(text, error="l", micro=False)
    rows = [[int(dark) for dark in row] for row in code.matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [
        "".join(_HALVES[above, below] for above, below in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


def code_notes(text: str) -> list[Note]:
    """Give the lines of a code as they are."""
    return [Note(line, code=True) for line in code_lines(text)]
