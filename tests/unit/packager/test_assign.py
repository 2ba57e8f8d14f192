"""``pack assign``: from a table of people to a signed document, with what it changes."""

from pathlib import Path

import pytest

from core.assignment import Assignment, Rule, assignment_file, decode_assignment
from core.digest import Digest
from core.errors import RefusedError, UsageError
from core.trust import edit
from packager.assignment_table import read_assignment, table_of
from tests.support.publishing import publish_assignment, publish_bytes, withdraw_raw
from tests.support.tiny_repository import TinyRepository, publish_files
from tests.unit.packager.conftest import Ran, Run

PATH = "demo/county/@assignment"
MATH, SONGS = "demo/county/math", "demo/county/songs"


def read(text: str | bytes) -> Assignment:
    data = text.encode() if isinstance(text, str) else text
    return read_assignment(data, "table.csv", "demo/county", "2026-11-22T08:30:00Z")


CHINESE = "学校组,学校,课程包,优先级,清晰度\n海岛,甲校、乙校,demo/county/*,1,360p 音频\n"


def test_a_table_in_chinese_as_a_spreadsheet_saves_it() -> None:
    text = CHINESE.replace("音频", "audio")
    for data in (text.encode("gbk"), text.encode(), b"\xef\xbb\xbf" + text.encode()):
        found = read(data)
        assert found.groups == {"海岛": ["甲校", "乙校"]}
        assert found.rules == [Rule("海岛", "demo/county/*", 1, ["360p", "audio"])]


def test_rows_add_to_each_other() -> None:
    found = read(
        "Group;Schools;Pack;Priority\n"
        "islands;s1 s2;;\n"
        "islands;s2 s3;demo/county/math demo/county/songs;\n"
        "*;;cn/-/*;9\n"
        "所有;;cn/-/*;9\n"
        "with space;school one;;\n"
    )
    assert found.groups == {"islands": ["s1", "s2", "s3"], "with space": ["school", "one"]}
    assert found.rules == [
        Rule("islands", MATH),
        Rule("islands", SONGS),
        Rule("*", "cn/-/*", 9),
    ]


def test_an_id_with_a_space_is_set_apart_by_a_mark() -> None:
    assert read("group,schools\ng,Green Hill;s2\n").groups == {"g": ["Green Hill", "s2"]}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("g,s1,demo/county/math,0,", "row 2: The priority '0' is not a number from 1 to 9."),
        ("g,s1,demo/county/math,10,", "row 2: The priority '10'"),
        ("g,s1,demo/county/math,high,", "row 2: The priority 'high'"),
        ("g,s1,math,,", "row 2: 'math' is neither a pack's id nor a pattern of ids."),
        ("g,s1,demo/county/math,,7 20p!", "row 2: '20p!' is not a rendition."),
        ("*,s1,demo/county/math,,", "row 2: Every school is in the group * already"),
        ("g,,,,", "row 2: It names neither schools nor a pack."),
        ("g,,demo/county/math,,", "row 2: The group g has no school in any row."),
        ("g\u202e,s1,,,", "row 2: 'g\\u202e' cannot be a group's name."),
        ("g,s\x1b1,,,", "row 2: 's\\x1b1' cannot be a school's id."),
        ("\ng,s1,,,\nh,,demo/county/math,x,", "row 4: The priority 'x'"),
    ],
)
def test_a_wrong_row_is_named(rows: str, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(f"group,schools,pack,priority,renditions\n{rows}\n")
    assert fault in str(caught.value)


def test_every_wrong_row_is_named_and_a_thousand_are_not() -> None:
    with pytest.raises(UsageError) as caught:
        read("group,pack\n" + "g,math\n" * 1000)
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert "row 2" in lines[1]


def test_an_assignment_is_written_as_a_table_that_says_the_same() -> None:
    schools = [f"zhuhai-school-{number}" for number in range(300)]
    one = Assignment(
        place="demo/county",
        published="2026-11-22T08:30:00Z",
        groups={"海岛": schools, "b": ["Green Hill"], "c": ["s1", "Sea View"]},
        rules=[Rule("海岛", "demo/county/*", 1, ["360p", "audio"]), Rule("*", "cn/-/a")],
    )
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in table_of(one))
    assert read(text) == one


def test_a_list_of_schools_that_no_cell_holds_is_refused_with_the_cure() -> None:
    schools = " ".join(f"zhuhai-school-{number}" for number in range(300))
    with pytest.raises(RefusedError) as caught:
        read(f"group,schools\ng,{schools}\n")
    assert "Row 2 of table.csv has too many or too long cells" in str(caught.value)
    assert "several rows" in caught.value.hint


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


@pytest.fixture
def published(tiny: TinyRepository) -> TinyRepository:
    publish_files(tiny, MATH, {"1.txt": b"one" * 500}, 1)
    publish_files(tiny, SONGS, {"1.txt": b"two" * 500}, 1)
    return tiny


def assign(run: Run, tiny: TinyRepository, *more: object) -> Ran:
    ran = run(
        *("pack", "assign", "--repository", tiny.directory, "--key", tiny.publisher_key_file),
        *("--wait", 0),
        *more,
    )
    tiny.sequence()
    return ran


def in_force(tiny: TinyRepository) -> Assignment | None:
    target = tiny.role.targets.get(PATH)
    if target is None:
        return None
    file = tiny.directory / assignment_file(PATH, Digest(target.hashes["sha256"]))
    return decode_assignment(file.read_bytes(), PATH)


def test_it_is_shown_and_published(run: Run, published: TinyRepository, table: Path) -> None:
    table.write_text(f"group,schools,pack,priority\nislands,s1 s2,{MATH},1\n*,,demo/other/x,\n")
    ran = assign(run, published, table, "--yes")
    assert ran.code == 3
    assert "group islands: 2 schools; new: s1, s2" in ran.err
    assert f"  ~  {MATH}" in ran.err
    assert "priority 5 -> priority 1" in ran.err
    assert "every school:" in ran.err
    assert f"  -  {SONGS}" in ran.err
    assert "stays where it is, no longer updated" in ran.err
    assert "no published pack is called demo/other/x yet" in ran.err
    found = in_force(published)
    assert found is not None
    assert found.rules == [Rule("islands", MATH, 1), Rule("*", "demo/other/x")]
    # Packs stay as they were.
    assert {MATH, SONGS} < set(published.role.targets)


def test_the_next_table_shows_only_what_changes(
    run: Run, published: TinyRepository, table: Path
) -> None:
    publish_assignment(published, {"a": ["s1"], "b": ["s2"]}, [Rule("a", MATH), Rule("b", MATH)])
    table.write_text(f"group,schools,pack\na,s1,{MATH} {SONGS}\nb,s2 s3,{MATH}\n")
    data = assign(run, published, table, "--yes", "--json").data
    assert [(one["group"], one["joined"]) for one in data["changes"]] == [("a", []), ("b", ["s3"])]
    assert [one["pack"] for one in data["changes"][0]["added"]] == [SONGS]
    assert data["changes"][0]["added"][0]["bytes"] == 1500
    assert data["changes"][1]["added"] == data["changes"][1]["removed"] == []
    again = assign(run, published, table, "--yes")
    assert again.code == 0
    assert "Nothing to publish" in again.err


def test_nothing_is_published_unasked(run: Run, published: TinyRepository, table: Path) -> None:
    table.write_text(f"group,pack\n*,{MATH}\n")
    ran = assign(run, published, table)
    assert ran.code == 2
    assert "nobody can be asked here" in ran.err
    assert f"  -  {SONGS}" in ran.err
    assert assign(run, published, table, "--dry-run", "--json").data["published"] is False
    assert in_force(published) is None


def test_it_is_taken_away(run: Run, published: TinyRepository) -> None:
    publish_assignment(published, {}, [Rule("*", MATH)])
    ran = assign(run, published, "--clear", "--yes")
    assert f"  +  {SONGS}" in ran.err
    assert in_force(published) is None


def test_it_is_shown_as_a_table(run: Run, published: TinyRepository, table: Path) -> None:
    assert (
        run(
            *("pack", "assign", "--show", "--repository", published.directory),
            *("--key", published.publisher_key_file),
        ).out
        == "group,schools,pack,priority,renditions\n"
    )
    publish_assignment(published, {"海岛": ["s1"]}, [Rule("海岛", MATH, 2)])
    ran = assign(run, published, "--show")
    table.write_text(ran.out)
    assert "海岛,s1,,," in ran.out
    assert "Nothing to publish" in assign(run, published, table, "--yes").err


@pytest.mark.parametrize("more", [(), ("--clear", "--show")])
def test_one_thing_at_a_time(run: Run, published: TinyRepository, more: tuple[str, ...]) -> None:
    ran = assign(run, published, *more)
    assert ran.code == 2
    assert "Give a TABLE, or --clear, or --show." in ran.err


def test_a_missing_table_is_named(run: Run, published: TinyRepository, table: Path) -> None:
    ran = assign(run, published, table)
    assert ran.code == 2
    assert "table.csv" in ran.err


def test_another_publishers_key_is_refused(
    run: Run, published: TinyRepository, table: Path, tmp_path: Path
) -> None:
    table.write_text(f"group,pack\n*,{MATH}\n")
    run("key", "new", tmp_path / "other.pem")
    ran = run(
        *("pack", "assign", table, "--yes", "--repository", published.directory),
        *("--key", tmp_path / "other.pem"),
    )
    assert ran.code == 2
    assert "This key may not publish" in ran.err


def test_a_hostile_title_is_one_plain_line(
    run: Run, published: TinyRepository, table: Path
) -> None:
    evil = "\x1b[31m\u202eevil\n<b>x"
    made = publish_files(published, "demo/county/evil", {"1.txt": b"x"}, 1)
    assert made.title
    _retitle(published, "demo/county/evil", evil)
    table.write_text(f"group,schools,pack\ng,s1,{MATH}\n")
    ran = assign(run, published, table, "--dry-run")
    assert not {"\x1b", "\u202e"} & set(ran.err)
    assert "[31mevil <b>x" in ran.err


def test_one_damaged_release_spoils_no_quote(
    run: Run, published: TinyRepository, table: Path
) -> None:
    next((published.directory / "targets/demo/county").glob("*.songs")).write_bytes(b"junk")
    table.write_text(f"group,pack\n*,{MATH}\n")
    ran = assign(run, published, table, "--dry-run")
    assert ran.code == 0
    assert f"  -  {SONGS}" in ran.err


def test_an_unreadable_assignment_is_named_and_replaced(
    run: Run, published: TinyRepository, table: Path
) -> None:
    publish_bytes(published, b"junk")
    table.write_text(f"group,pack\n*,{MATH}\n")
    ran = assign(run, published, table, "--yes")
    assert "left out: The assignment of demo/county is damaged." in ran.err
    found = in_force(published)
    assert found is not None
    assert found.rules == [Rule("*", MATH)]


def test_an_unreadable_assignment_is_taken_away(run: Run, published: TinyRepository) -> None:
    publish_bytes(published, b"junk")
    ran = assign(run, published, "--clear", "--yes")
    assert "left out: The assignment of demo/county is damaged." in ran.err
    assert "Nothing to publish" not in ran.err
    assert PATH not in published.role.targets
    assert "Nothing to publish" in assign(run, published, "--clear", "--yes").err


def test_a_withdrawal_by_another_tool_spoils_no_quote(
    run: Run, published: TinyRepository, table: Path
) -> None:
    withdraw_raw(published, MATH, {"withdrawn": 7})
    table.write_text(f"group,pack\n*,{MATH}\n")
    assert assign(run, published, table, "--dry-run").code == 0


def _retitle(tiny: TinyRepository, pack: str, title: str) -> None:
    """Publish the same release under another title, signed."""
    import msgspec

    from core.digest import digest_of
    from core.names import PackId
    from core.release import decode_release, encode_release, release_path
    from tests.support.publishing import hand_in

    digest = Digest(tiny.role.targets[pack].hashes["sha256"])
    old = decode_release((tiny.directory / release_path(PackId(pack), digest)).read_bytes())
    data = encode_release(msgspec.structs.replace(old, title={"en": title}))
    (tiny.directory / release_path(PackId(pack), digest_of(data))).write_bytes(data)
    hand_in(tiny, edit.put_release(tiny.role, PackId(pack), data, tiny.now))
