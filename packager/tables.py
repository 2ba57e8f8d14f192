"""Tables of a quote: words on the left, figures on the right."""

from collections.abc import Sequence

from core.display import cells, fit
from core.text import human_duration


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Give the lines of a table, whose columns but the first are on the right."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(["", fit(row[0], widths[0]), *map(_right, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]


def _right(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text


def time_taken(seconds: float) -> str:
    """Write how long something takes."""
    return human_duration(seconds) if seconds >= 1 else "<1 s"
