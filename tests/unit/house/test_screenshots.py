"""`tools/screenshots.py` sets Chinese in a terminal's picture as wide as a terminal does."""

import re
import runpy
from pathlib import Path

import pytest

TOOL = runpy.run_path(str(Path(__file__).parents[3] / "tools/screenshots.py"), run_name="tool")


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("磁盘", 4), ("共&#160;64&#160;GB", 8), ("━━━", 3)]
)
def test_a_text_is_as_wide_as_its_cells(text: str, cells: int) -> None:
    drawn = f'<text x="1" textLength="9" clip-path="url(#a)">{text}</text>'
    spaced = re.sub(TOOL["TEXT"], TOOL["spaced"], drawn)
    assert spaced == drawn.replace('"9"', f'"{cells * 12.2:.1f}"')
