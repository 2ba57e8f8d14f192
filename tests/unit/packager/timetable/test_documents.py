"""The examples of the documents are what the command reads, and both languages say the same."""

import re
from pathlib import Path

import pytest

from tests.unit.packager.timetable.conftest import Make

DOCS = Path(__file__).parents[4] / "docs"
BLOCK = re.compile(r"^```\w+ (?P<name>\w+\.\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LESSONS = {
    # What is withdrawn or over is not the next lesson of a pack.
    "list.csv": [
        "09-01 08:30 fractions", "09-02 08:30 decimals", "09-03 09:20 area", "09-04 10:10 colours",
        "09-10 09:20 long", "09-18 10:10 colours",
    ],
    "grid.csv": [
        "09-01 09:20 fractions", "09-02 08:30 decimals", "09-04 09:20 area",
        "09-07 08:30 fractions", "09-08 09:20 area", "09-09 09:20 colours",
        "09-11 09:20 area", "09-14 08:30 fractions", "09-15 09:20 long",
        "09-16 08:30 decimals", "09-18 09:20 area", "09-21 08:30 fractions",
        "09-23 09:20 colours", "09-27 09:20 area", "09-28 08:30 fractions",
        "09-30 08:30 decimals",
    ],
    "calendar.ics": [
        "09-01 08:30 fractions", "09-15 08:30 fractions", "09-22 08:30 fractions",
        "09-29 08:30 fractions",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("document", ["timetable.md", "timetable.zh.md"])
def test_the_examples_are_read_as_the_document_says(make: Make, document: str, name: str) -> None:
    blocks = {
        block["name"]: block["text"]
        for block in BLOCK.finditer((DOCS / document).read_text("utf-8"))
    }
    assert blocks.keys() == {*LESSONS, "days.csv"}
    made = make(blocks[name], days=blocks["days.csv"], name=name, first="2026-09-01")
    assert made.lessons == LESSONS[name]
    assert made.draft.last.isoformat() == "2026-09-30"
