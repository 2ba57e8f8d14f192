"""``pack timetable`` as a person runs it, up to what schools then have."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from cache.timetable_file import read_timetable
from core.assignment import Assignment, Rule, assignment_file, decode_assignment
from core.digest import Digest
from core.timetable import Channel
from sync.directory_source import DirectorySource
from sync.identity import Identity, save_identity
from tests.support.node_state import make_node
from tests.support.publishing import publish_assignment
from tests.support.tiny_repository import TinyRepository
from tests.unit.packager.conftest import Ran, Run, fill

PATH = "demo/county/@assignment"
TABLE = """date,start,minutes,lesson
2099-09-01,08:30,40,Fractions
2099-09-02,08:30,40,小数
"""


FAR = ("--from", "2099-09-01", "--until", "2099-09-30")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A pack's folder with three lessons."""
    return fill(
        tmp_path / "maths",
        {"01 Fractions.pdf": b"%PDF-1.4\n1", "02 小数.pdf": b"%PDF-1.4\n2",
         "03 Area.pdf": b"%PDF-1.4\n3"},
        'id = "demo/county/maths"\ntitle = "五年级数学"\n',
    )  # fmt: skip


@pytest.fixture
def published(tiny: TinyRepository, course: Path, run: Run) -> TinyRepository:
    """A repository with that pack."""
    ran = run("pack", "publish", course, "--repository", tiny.directory, "--key",
              tiny.publisher_key_file, "--wait", 0, "--level", 1)  # fmt: skip
    assert tiny.sequence() == 1, ran
    return tiny


def timetable(run: Run, tiny: TinyRepository, *more: object, publish: bool = True) -> Ran:
    ran = run("pack", "timetable", "--repository", tiny.directory, "--key",
              tiny.publisher_key_file, "--wait", 0, *more)  # fmt: skip
    if publish:
        tiny.sequence()
    return ran


def in_force(tiny: TinyRepository) -> Assignment | None:
    target = tiny.role.targets.get(PATH)
    if target is None:
        return None
    file = tiny.directory / assignment_file(PATH, Digest(target.hashes["sha256"]))
    return decode_assignment(file.read_bytes(), PATH)


def channel(tiny: TinyRepository, name: str = "g5") -> Channel:
    found = in_force(tiny)
    assert found is not None
    return next(one for one in found.channels if one.id == name)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "g5.csv"
    file.write_text(TABLE, encoding="utf-8")
    return file


def test_from_a_table_to_the_school(
    published: TinyRepository, table: Path, run: Run, tmp_path: Path
) -> None:
    ran = timetable(run, published, table, "--channel", "g5", "--title", "五年级", "--yes", *FAR)
    assert ran.code == 3
    assert "g5 (五年级): 2 lessons, Asia/Shanghai" in ran.err
    assert "week of 2099-08-31: 2 added" in ran.err
    assert "the assignment of demo/county grows by " in ran.err
    assert "nobody has sequenced it within 0 s" in ran.err
    node = make_node(tmp_path / "node", published.root)
    school = Identity(url="http://x", hub="h", node="n", school="s1", token="t", root_version=1,
                      place="demo/county")  # fmt: skip
    save_identity(node.state, school)
    assert node.pull_from(DirectorySource(published.directory)).exit_code == 0
    # A timetable alone chooses no packs.
    assert list(node.versions()) == ["demo/county/maths"]
    found = channel(published)
    assert read_timetable(node.state.timetable).channels == [found]
    assert [(one.start, one.minutes) for one in found.slots] == [(68198430, 40), (68199870, 40)]
    again = timetable(run, published, table, "--channel", "g5", "--yes", "--json", *FAR)
    assert again.data["nothing_to_publish"]
    assert again.code == 0


def test_what_others_said_stays(published: TinyRepository, table: Path, run: Run) -> None:
    g6, rules = Channel(id="g6"), [Rule("islands", "demo/county/*")]
    publish_assignment(published, {"islands": ["s1"]}, rules, [g6])
    timetable(run, published, table, "--channel", "g5", "--group", "islands", "--yes", *FAR)
    one = in_force(published)
    assert one is not None
    assert (one.groups, one.rules, [c.id for c in one.channels]) == (
        {"islands": ["s1"]}, rules, ["g5", "g6"],
    )  # fmt: skip
    csv_file = table.with_name("assign.csv")
    csv_file.write_text("group,schools,pack\nislands,s1 s2,cn/-/*\n", encoding="utf-8")
    assign = ("pack", "assign", "--repository", published.directory, "--key",
              published.publisher_key_file, "--wait", 0, "--yes")  # fmt: skip
    assert "timetables stay: g5, g6" in run(*assign, csv_file).err
    published.sequence()
    after = in_force(published)
    assert after is not None
    assert (after.groups, after.channels) == ({"islands": ["s1", "s2"]}, one.channels)
    run(*assign, "--clear")
    published.sequence()
    cleared = in_force(published)
    assert cleared is not None
    assert (cleared.groups, cleared.rules, cleared.channels) == (after.groups, [], one.channels)
    timetable(run, published, "--channel", "g5", "--remove", "--yes")
    timetable(run, published, "--channel", "g6", "--remove", "--yes")
    left = in_force(published)
    assert left is not None
    assert left.channels == []
    run(*assign, "--clear")
    published.sequence()
    assert in_force(published) is None


def test_an_only_channel_that_is_taken_away_leaves_no_assignment(
    published: TinyRepository, table: Path, run: Run
) -> None:
    timetable(run, published, table, "--channel", "g5", "--yes", *FAR)
    ran = timetable(run, published, "--channel", "g5", "--remove", "--yes")
    assert "2 removed" in ran.err
    assert in_force(published) is None
    assert timetable(run, published, "--channel", "g5", "--remove", "--yes").code == 2


def test_what_is_shown_is_read_again_as_the_same(
    published: TinyRepository, table: Path, run: Run, tmp_path: Path
) -> None:
    timetable(run, published, table, "--channel", "g5", "--yes", *FAR)
    before = channel(published)
    shown = run("pack", "timetable", "--show", "--repository", published.directory)
    rows = list(csv.reader(io.StringIO(shown.out)))
    assert rows[1][:4] == ["2099-09-01", "08:30", "40", "demo/county/maths"]
    ics = run("pack", "timetable", "--show", "--ics", "--repository", published.directory)
    assert "SUMMARY:小数" in ics.out
    for name, text in (("again.csv", shown.out), ("again.ics", ics.out)):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        ran = timetable(run, published, file, "--channel", "g5", "--json", "--dry-run", *FAR)
        assert ran.data["weeks"] == [], name
    data = run("pack", "timetable", "--show", "--channel", "g5", "--json", "--repository",
               published.directory).data  # fmt: skip
    assert len(data[0]["slots"]) == len(before.slots)
    none = run("pack", "timetable", "--show", "--channel", "g9", "--repository",
               published.directory)  # fmt: skip
    assert none.code == 2


def test_without_a_key_a_file_is_only_checked(
    published: TinyRepository, table: Path, run: Run, tmp_path: Path
) -> None:
    ran = run("pack", "timetable", table, "--channel", "g5", "--repository", published.directory,
              *FAR)  # fmt: skip
    assert ran.code == 0
    assert "Only checked" in ran.err
    table.write_text(TABLE.replace("08:30", "05:30"), encoding="utf-8")
    ran = run("pack", "timetable", table, "--channel", "g5", "--folder", tmp_path / "maths", *FAR)
    assert ran.code == 3
    assert "look at: row 2: From 05:30 for 40 minutes is outside school hours." in ran.err
    assert in_force(published) is None


def test_faults_are_told_together_and_nothing_is_published(
    published: TinyRepository, table: Path, run: Run
) -> None:
    table.write_text(TABLE + "2099-09-03,8:30,40,Fraction\n2099-09-03,x,40,小数\n", "utf-8")
    ran = timetable(run, published, table, "--channel", "g5", "--yes", *FAR)
    assert ran.code == 2
    assert "row 5: 'x' is not a time." in ran.err
    assert "row 4: No known pack has a lesson 'Fraction'; perhaps demo/county/maths/01-" in ran.err
    ran = timetable(run, published, table, "--channel", "g5", "--yes", "--json", *FAR)
    assert ran.code == 2
    assert [one["where"] for one in ran.data["faults"]] == ["row 5", "row 4"]
    assert in_force(published) is None


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--channel", "g5"], ["FILE"], ["FILE", "--show"], ["FILE", "--channel", "G 5"],
        ["FILE", "--channel", "g5", "--zone", "Nowhere/Land"],
        ["FILE", "--channel", "g5", "--zone", "../../etc/passwd"],
        ["FILE", "--channel", "g5", "--group", "nobody", *FAR],
        ["FILE", "--channel", "g5", "--form", "opera"],
        ["FILE", "--channel", "g5", "--until", "soon"],
        ["FILE", "--channel", "g5", "--from", "9999-12-30"],
        ["FILE", "--channel", "g5", "--from", "0001-01-02", "--until", "0001-01-30"],
        ["FILE", "--channel", "g5", "--from", "2099-02-01", "--until", "2099-01-01"],
        ["nowhere.csv", "--channel", "g5"],
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(
    tiny: TinyRepository, course: Path, table: Path, run: Run, arguments: list[str]
) -> None:
    words = [table if one == "FILE" else one for one in arguments]
    ran = timetable(run, tiny, *words, "--yes", "--folder", course)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be published" not in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_template_can_be_published_as_it_is(
    published: TinyRepository, run: Run, tmp_path: Path, language: str
) -> None:
    text = run("pack", "timetable", "--template", "--language", language, "--pack",
               "demo/county/maths").out  # fmt: skip
    text = text.replace("分数的初步认识", "小数")
    file = tmp_path / "filled.csv"
    file.write_text(text, encoding="utf-8")
    ran = timetable(run, published, file, "--channel", "g5", "--json", "--dry-run")
    assert ran.data["faults"] == []
    assert ran.data["lessons"] > 10


def test_help_loads_neither_calendars_nor_workbooks() -> None:
    code = (
        "import sys\nfrom packager.cli import pack\n"
        "try: pack(['timetable', '--help'])\nexcept SystemExit: pass\n"
        "assert not {'icalendar', 'openpyxl', 'tuf', 'recurring_ical_events'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
