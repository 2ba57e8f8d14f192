"""Texts and tables that fit any terminal, by tables and by properties."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.display import cells, one_line
from tests.unit.tui import samples
from tui.model import Model
from tui.texts import load_languages
from tui.views.health import health
from tui.views.line import line_page
from tui.views.packs import packs
from tui.views.qr import code_lines
from tui.views.room import room_for, share_out
from tui.views.setup import setup
from tui.views.sheet import Cell, Column, Fact, Note, Progress, Row, Sheet, Table, layout, line
from tui.views.stick import stick
from tui.views.today import today
from tui.views.usage import usage
from tui.views.week import WeekDraft
from tui.views.wrap import clipped, wrap

COLUMNS = (
    Column("Lessons"),
    Column("Version", 7, right=True, rank=2),
    Column("Here", 9, right=True, rank=1),
    Column("State", 12),
)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a short one", 20, ["a short one"]),
        ("words stay whole here", 12, ["words stay", "whole here"]),
        ("averyveryverylongword and more", 8, ["averyver", "yverylon", "gword", "and more"]),
        ("中文可以在任何字之间换行", 10, ["中文可以在", "任何字之间", "换行"]),
        ("可用 1.4 GB，须保留。", 12, ["可用 1.4", "GB，须保留。"]),
        ("一二三四。五六", 8, ["一二三", "四。五六"]),
        ("", 8, [""]),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


def test_what_follows_the_first_line_is_indented_too() -> None:
    assert wrap("one two three", 8, indent=2) == ["  one", "  two", "  three"]


def test_a_text_that_is_too_long_ends_in_an_ellipsis() -> None:
    assert clipped("one two three four", 8, 2) == ["one two", "three f…"]
    assert clipped("one", 8, 2) == ["one"]
    assert clipped("", 8, 2) == []


@given(st.text(max_size=60), st.integers(2, 40), st.integers(0, 4))
def test_no_line_is_ever_too_wide_and_nothing_is_lost(text: str, width: int, indent: int) -> None:
    harmless = one_line(text)
    lines = wrap(harmless, width, min(indent, width - 2))

    assert all(cells(one) <= width for one in lines)
    assert "".join("".join(lines).split()) == "".join(harmless.split())


@pytest.mark.parametrize(
    ("width", "kept"),
    [(80, [0, 1, 2, 3]), (44, [0, 1, 2, 3]), (43, [0, 2, 3]), (33, [0, 3]), (10, [0])],
)
def test_columns_give_way_in_their_order(width: int, kept: list[int]) -> None:
    assert [index for index, _width in layout(COLUMNS, width)] == kept


@given(st.lists(st.text(max_size=30), min_size=4, max_size=4), st.integers(1, 100))
def test_a_row_is_exactly_as_wide_as_its_table(texts: list[str], width: int) -> None:
    row = [Cell(one_line(text)) for text in texts]

    assert sum(cells(cell.text) for cell in line(COLUMNS, row, width)) == width


def test_numbers_stand_at_the_right_chinese_at_its_place() -> None:
    row = [Cell("数学"), Cell("7"), Cell("24/24"), Cell("已到齐", "good")]

    texts = "".join(cell.text for cell in line(COLUMNS, row, 50))
    assert texts == "数学                    7      24/24  已到齐      "


@pytest.mark.parametrize(
    ("wanted", "lines", "given_out"),
    [
        ([3, 2, 1], 10, [3, 2, 1]),
        ([9, 9, 9], 9, [3, 3, 3]),
        ([9, 1, 9], 9, [4, 1, 4]),
        ([5, 0, 0], 2, [2, 0, 0]),
        ([5, 5, 5], 0, [0, 0, 0]),
    ],
)
def test_lines_are_shared_out(wanted: list[int], lines: int, given_out: list[int]) -> None:
    assert share_out(wanted, lines) == given_out


def test_a_menu_gets_its_lines_first() -> None:
    assert share_out([5, 0, 5], 7, first=True) == [5, 0, 2]


def _sheets() -> list[Sheet]:
    language = load_languages()["zh"]
    model = Model(
        status=samples.FULL, sticks=[samples.STICK], teachers=samples.TEACHERS,
        usage=samples.USAGE, findings=samples.FINDINGS, worked="import_stick",
        report=samples.CUT_IMPORT,
    )  # fmt: skip
    rows = tuple(Row(str(n), (Cell("x"),)) for n in range(500))
    return [
        today(model, language), packs(model, language), usage(model, language),
        stick(model, language), setup(model, language), health(model, language),
        line_page(Model(status=samples.EVENING), language, WeekDraft()),
        Sheet("h" * 500, "d" * 900, "bad", Table((Column("x"),), rows), None,
              Progress("p", 0.5), (Note("n" * 300),), (Fact("f", "v"),) * 9),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (20, 5), (4, 2), (1, 1)])
@pytest.mark.parametrize("sheet", _sheets(), ids=range(8))
def test_the_parts_never_need_more_lines_than_there_are(
    sheet: Sheet, size: tuple[int, int]
) -> None:
    width, height = size
    room = room_for(sheet, width, height)

    below = room.table + room.second + room.progress + room.note_lines + room.gap + room.facts
    below += room.week
    used = 2 + room.message + 2 * room.air + len(room.headline) + len(room.detail) + below
    assert below == 0 or used <= height
    assert len(room.headline) >= 1
    assert room.table or not sheet.table or height < 10


@pytest.mark.parametrize(
    "address", ["http://school.lan/", "http://192.168.4.1/", "http://10.20.30.40:8080/"]
)
def test_the_code_of_an_address_fits_80_by_24_and_is_as_wide_as_high(address: str) -> None:
    lines = code_lines(address)

    assert len(lines) <= 16
    assert {len(line) for line in lines} == {len(lines) * 2 - 1}
    assert lines[0].strip() == lines[-1].strip() == ""
    assert set("".join(lines)) == set(" ▀▄█")


def test_a_tablet_reads_the_code(tmp_path: Path) -> None:
    """As a camera sees it: cells twice as high as wide, black on white."""
    dark = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = [
        [dark[letter][half] for letter in line]
        for line in code_lines("http://192.168.4.1:8080/")
        for half in (0, 1)
    ]
    large = [[bit for bit in row for _ in range(6)] for row in rows for _ in range(6)]
    picture = tmp_path / "code.pbm"
    picture.write_text(
        f"P1\n{len(large[0])} {len(large)}\n" + "\n".join(" ".join(map(str, row)) for row in large)
    )

    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", str(picture)], check=True, capture_output=True, text=True
    )
    assert read.stdout.strip() == "http://192.168.4.1:8080/"


def test_what_is_no_address_has_no_code() -> None:
    assert code_lines("") == []
    assert code_lines("x" * 5000) == []
