"""Tables as schools have them: lists and weekly grids, in Chinese and English."""

import io
import zipfile
from datetime import date, time
from typing import Any

import openpyxl
import pytest

from core.errors import PackhorseError, RefusedError, UsageError
from packager.timetable.findings import shortened
from tests.unit.packager.timetable.conftest import Make

LIST = """date,start,minutes,pack,lesson
2026-09-01,08:30,40,gd/zhuhai/math-g5,fractions
2026-09-02,9:20,,五年级数学,小数
"""


def test_a_list_of_dates(make: Make) -> None:
    made = make(LIST)
    assert made.faults == made.warnings == []
    assert made.lessons == ["09-01 08:30 fractions", "09-02 09:20 decimals"]
    assert [one.minutes for one in made.slots] == [40, 40]
    assert not any(one.repeat for one in made.slots)


CHINESE = """五年级课程表,,,,
日期,节次,时间,课程,班级
2026年9月1日,第一节,8：30～9：10,分数的认识,g5
9月2日,第2节,下午2:00-2:45,第2课,五年级
9月2日,第3节,,小数,g5
9月3日,第1节,8:30,x,六年级
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_list_in_chinese_as_spreadsheet_programs_save_it(make: Make, encoding: str) -> None:
    days = "节次,开始,结束\n第三节,10:10,10:50\n"
    made = make(CHINESE.encode(encoding), days=days, titles=["五年级"], pack="gd/zhuhai/math-g5")
    assert made.faults == []
    assert made.lessons == [
        "09-01 08:30 fractions", "09-02 10:10 decimals", "09-02 14:00 decimals",
    ]  # fmt: skip
    assert [one.minutes for one in made.slots] == [40, 40, 45]
    assert [one.repeat for one in made.slots] == [False, False, True]
    assert made.warnings == ["Left out: 1 row of other channels."]


WEEKLY = """weekday,weeks,start,end,lesson
Monday,,08:30,09:10,gd/zhuhai/math-g5
周二,odd,08:30,09:10,Colours
星期二,双周,08:30,09:10,Area of circles
Wed,1-2,08:30,09:10,Art: Area of circles
"""
DAYS = """日期,到,安排
2026-09-01,,开学
2026-09-07,2026-09-08,放假
2026-09-12,,按周一上课
2026-09-13,,2026-09-08
2026-09-18,,学期结束
"""


def test_weeks_holidays_and_make_up_days(make: Make) -> None:
    made = make(WEEKLY.replace("双周,08:30,09:10,Area", "双周,08:30,09:10,art: Area"), days=DAYS)
    assert made.faults == []
    assert made.lessons == [
        "08-31 08:30 fractions",
        "09-01 08:30 colours",
        "09-02 08:30 area",
        "09-09 08:30 area",
        "09-12 08:30 decimals",  # the Saturday that is taught as Monday
        "09-13 08:30 area",  # as Tuesday of the second week
        "09-14 08:30 area",
        "09-15 08:30 colours",
    ]
    assert [one.pack.rpartition("/")[2] for one in made.slots] == [
        "math-g5", "art", "art", "art", "math-g5", "art", "math-g5", "art",
    ]  # fmt: skip


GRID = """五年级（1）班,,,,,,
,星期一,星期二,星期三,星期四,星期五,
第1节 8:30-9:10,分数的认识,,体育,,小数（单周）,
第2节 9:20-10:00,,"小数（双周）
Colours（单周）",,-,gd/zhuhai/math-g5/area,
"""


def test_the_usual_grid(make: Make) -> None:
    made = make(
        GRID, first="2026-09-07", last="2026-09-18", term="2026-09-01", leave_out_unknown=True
    )
    assert made.faults == []
    assert made.lessons == [
        "09-07 08:30 fractions",
        "09-08 09:20 decimals",
        "09-11 09:20 area",
        "09-14 08:30 fractions",
        "09-15 09:20 colours",
        "09-18 08:30 decimals",
        "09-18 09:20 area",
    ]
    assert made.warnings == ["Left out: 2 lessons that no known pack has."]
    told = make(GRID, first="2026-09-07", last="2026-09-11", term="2026-09-01")
    assert told.faults == ["cell D3: No known pack has a lesson '体育'."]


def test_a_grid_of_dates_and_of_periods_without_times(make: Make) -> None:
    text = "节次,9月1日,9月2日\n1,小数,\n2,,Colours\n"
    made = make(text, days="period,start,end\n1,8:00,8:40\n第二节,8:50-9:35,\n")
    assert made.lessons == ["09-01 08:00 decimals", "09-02 08:50 colours"]
    assert make(text).faults == [
        f"row {row}: Nobody says when the period '{row - 1}' is: write a time such as 8:30-9:10"
        " beside it, or rows with period, start and end among the days."
        for row in (2, 3)
    ]


def workbook(*sheets: tuple[str, Any], merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if merge:
            sheet.merge_cells(merge)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_a_workbook_with_days_beside_it(make: Make) -> None:
    data = workbook(
        ("课表", [["日期", "开始", "分钟", "课题"], [date(2026, 9, 1), time(8, 30), 45, "小数"],
                  ["2026-09-02", "8:30", 45.0, "小数"]]),
        ("节假日", [["日期", "安排"], [date(2026, 9, 2), "放假"]]),
        ("封面", [["欢迎"]]),
    )  # fmt: skip
    made = make(data, name="g5.xlsx")
    assert made.lessons == ["09-01 08:30 decimals", "09-02 08:30 decimals"]
    assert made.warnings == [
        "封面: This is no timetable, and is left out.",
        "课表, row 3: 2026-09-02 is a day without lessons.",
    ]


def test_sheets_for_odd_and_even_weeks_and_merged_cells(make: Make) -> None:
    rows = [["", "周一", "周二"], ["8:30-9:10", "小数", "Colours"], ["9:20-10:00", None, "小数"]]
    made = make(
        workbook(("单周", rows), ("双周", rows[:1]), merge="B2:B3"),
        name="g5.xlsx", term="2026-09-01", last="2026-09-08",
    )  # fmt: skip
    assert made.lessons == [
        "08-31 08:30 decimals", "09-01 08:30 colours", "09-01 09:20 decimals",
    ]  # fmt: skip
    assert [one.minutes for one in made.slots] == [90, 40, 40]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("2026-02-30,08:30,40,Art,colours", "row 2: '2026-02-30' is not a date."),
        ("01/09/2026,08:30,40,Art,colours", "row 2: '01/09/2026' is not a date."),
        ("2026-09-01,25:30,40,Art,colours", "row 2: '25:30' is not a time."),
        ("2026-09-01,08:30,0,Art,colours", "row 2: It ends before it begins"),
        ("2026-09-01,08:30,9999,Art,colours", "longer than 12 hours"),
        ("2026-09-01,08:30,forty,Art,colours", "row 2: 'forty' is not a number of minutes."),
        ("2026-09-01,,40,Art,colours", "row 2: It has no time."),
        (",08:30,40,Art,colours", "row 2: It has neither a date nor a weekday."),
        ("2026-09-01,08:30,40,,", "row 2: It names no lesson."),
        ("2026-09-01,08:30,40,Art,colours,x", "row 2: The row has more cells"),
        ("2026-09-01,08:30,40,Arts,colours", "There is no pack 'Arts'; perhaps gd/zhuhai/art."),
        ("2026-09-01,08:30,40,Art,colour", "has no lesson 'colour'; perhaps colours (Colours)."),
        ("2026-09-01,08:30,40,Art,9", "gd/zhuhai/art has no lesson '9'."),
        ("2026-09-01,08:30,40,,Area of circles", "may be one of gd/zhuhai/art/area, gd/zhuhai/m"),
        ("2026-09-01,08:30,40,math-g5,gone", "gone (Gone) is withdrawn"),
        ("2026-09-02,08:30,40,math-g5,old", "old (Old) may be shown until 2026-09-01 only."),
    ],
)
def test_a_wrong_row_is_named(make: Make, rows: str, fault: str) -> None:
    made = make(f"date,start,minutes,pack,lesson\n{rows}\n")
    assert len(made.faults) == 1, made.faults
    assert fault in made.faults[0]


def test_all_faults_are_told_at_once_and_a_thousand_are_not(make: Make) -> None:
    rows = "".join(f"2026-13-{number % 28},8:30,小数\n" for number in range(1000))
    made = make(f"date,start,lesson\n{rows}")
    with pytest.raises(UsageError, match=r"g5.csv cannot be published: 1000 faults."):
        made.findings.raise_faults("g5.csv")
    lines = shortened(made.findings.faults)
    assert len(lines) == 51
    assert lines[0].startswith("row 2: ")
    assert lines[-1] == "and 950 more"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("weekday,start,lesson\nMonday,8:30,小数\n", "Say until when the weekly lessons"),
        ("date,start,lesson\n2026-08-01,8:30,小数\n", "There is no lesson from 2026-08-30 until"),
        ("a,b\n1,2\n", "There is no timetable in it"),
        ("weekday,weeks,start,lesson\nMonday,odd,8:30,小数\n", "Weeks are counted from the term"),
        ("weekday,weeks,start,lesson\nMonday,now and then,8:30,小数\n", "does not say which weeks"),
        ("date,weekday,start,lesson\n2026-09-01,Monday,8:30,小数\n", "is a Tuesday, not Monday"),
        ("date,start,lesson,day\n2026-09-01,,,perhaps\n", "does not say what happens that day"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(make: Make, text: str, fault: str) -> None:
    found = make(text, last="" if "Say until" in fault else "2026-09-30").faults
    assert any(fault in one for one in found), found


def test_what_overlaps_is_named_with_both_lessons(make: Make) -> None:
    text = "date,start,minutes,lesson\n2026-09-01,8:30,40,小数\n2026-09-01,9:00,40,分数的认识\n"
    made = make(text)
    assert made.faults == [
        "row 3: 分数的认识 begins on 2026-09-01 at 09:00, while 小数 lasts until 09:10 (row 2)."
    ]
    kept = make(text, overlap="first")
    assert (kept.faults, kept.lessons) == ([], ["09-01 08:30 decimals"])
    assert kept.warnings[0].endswith("It is left out.")


def test_long_films_and_strange_hours_are_worth_a_look(make: Make) -> None:
    made = make(
        "date,start,minutes,lesson\n2026-09-01,8:30,40,Long film\n2026-09-01,6:00,40,小数\n"
    )
    assert made.faults == []
    early, late = made.warnings
    assert early == "row 3: From 06:00 for 40 minutes is outside school hours."
    assert "long (Long film) is 50:00 long, its time only 40 minutes: its end is not shown." in late


def test_lessons_of_days_that_are_over_are_left_out_and_counted(make: Make) -> None:
    rows = "".join(f"{day},8:30,小数\n" for day in ("2026-08-01", "2026-09-01", "2026-12-01"))
    made = make(f"date,start,lesson\n{rows}", last="2026-11-30")
    assert made.lessons == ["09-01 08:30 decimals"]
    assert made.warnings == [
        "Left out: 1 lesson before 2026-08-30, from row 2 on.",
        "Left out: 1 lesson after 2026-11-30, from row 4 on.",
    ]


def test_a_pack_that_has_no_more_lessons_is_told(make: Make) -> None:
    made = make("weekday,start,lesson\nMonday,8:30,Art\n", last="2026-09-30")
    assert made.lessons == ["08-31 08:30 colours", "09-07 08:30 area"]
    assert made.warnings[0] == "row 2: gd/zhuhai/art has no more lessons: nothing on 2026-09-14."


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"PK\x03\x04" + bytes(100), RefusedError),
        (b"\xd0\xcf\x11\xe0" + bytes(100), UsageError),
        (b"\xff\xfe\x00\x01", RefusedError),
        (b"date,start,lesson\n" + b"x" * 5_000_000, UsageError),
        (b'date,"start,lesson\n', RefusedError),
        (b"date,start,lesson\n" + b"2026-09-01,8:30,x\n" * 30_000, RefusedError),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    make: Make, data: bytes, error: type[PackhorseError]
) -> None:
    with pytest.raises(error):
        make(data)


def test_a_huge_file_is_refused_before_it_is_read(
    make: Make, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = tmp_path / "g5.csv"
    with huge.open("wb") as file:
        file.truncate(50_000_000_000)
    monkeypatch.setattr("pathlib.Path.write_bytes", lambda *_: 0)
    with pytest.raises(UsageError, match="50000 MB, at most 4 are read"):
        make(b"")


def test_a_workbook_that_unpacks_to_too_much_is_refused(make: Make) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 80_000_000)
    with pytest.raises(RefusedError, match="too large"):
        make(data.getvalue(), name="g5.xlsx")


def test_a_formula_counts_with_its_saved_value(make: Make) -> None:
    data = workbook(("s", [["date", "start", "lesson"], ["2026-09-01", "8:30", '="小"&"数"']]))
    made = make(data, name="g5.xlsx")
    # Nobody has computed it yet.
    assert made.faults == ["s, row 2: It names no lesson."]


def test_more_lessons_than_a_publisher_may_have_are_a_fault_and_not_cut_off(make: Make) -> None:
    rows = "".join(f"Mon,8:30,Nowhere {number}\n" for number in range(400))
    made = make(
        f"weekday,start,lesson\n{rows}", last="2027-09-30", leave_out_unknown=True, overlap="first"
    )
    assert made.faults == ["It has more than 20000 lessons. Publish one term at a time."]
