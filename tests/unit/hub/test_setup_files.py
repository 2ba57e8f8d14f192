from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import PackhorseError, RefusedError, UsageError
from core.stick import decode_setup, setup_name
from core.token import Token
from hub.registry.enrolment import enrol, waiting_tokens
from hub.registry.schools import School, all_schools
from hub.school_table import read_schools
from hub.setup_files import SetupOutcome, write_setups
from hub.tokens import Mint, Terms
from tests.support.clock import START
from tests.support.tiny_hub import TinyHub

SCHOOLS = [School("s1", "珠海一小", "", ("乡村",)), School("s2", "珠海二小", "gd/zhuhai")]


def write(
    hub: TinyHub, folder: Path, *, again: bool = False, days: int = 0, terms: Terms | None = None
) -> list[SetupOutcome]:
    now = hub.now + timedelta(days=days)
    mint = Mint(hub.hub_directory, terms or Terms(), now)
    return write_setups(hub.hub_directory, SCHOOLS, mint, folder, again=again)


def token_in(folder: Path, school: str) -> Token:
    name = setup_name(school)
    return decode_setup((folder / name).read_bytes(), name)[1]


def outcomes(made: list[SetupOutcome]) -> list[str]:
    return [one.outcome for one in made]


def test_each_school_gets_a_file_that_enrols_one_node(hub: TinyHub, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    made = write(hub, folder)
    assert [(one.school, one.outcome) for one in made] == [("s1", "made"), ("s2", "made")]
    for one, school in zip(made, SCHOOLS, strict=True):
        assert one.path is not None
        setup, token = decode_setup(one.path.read_bytes(), one.path.name)
        assert (setup.school, setup.name) == (school.id, school.name)
        assert (setup.roots, setup.expires) == ([hub.root], "2026-12-24T08:30:00Z")
        assert token.place == "gd/zhuhai"
        assert one.path.stat().st_mode & 0o777 == 0o600
        reply = enrol(hub.service.registry, hub.id, hub.node().request(setup.token), hub.now)
        assert reply.school == school.id
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(all_schools(hub.service.registry).values()) == SCHOOLS


def test_a_private_authority_is_in_the_file(hub: TinyHub, tmp_path: Path) -> None:
    [one, _] = write(hub, tmp_path / "out", terms=Terms("https://hub.example"))
    assert one.path is not None
    setup, _ = decode_setup(one.path.read_bytes(), "x")
    assert setup.authority == hub.hub_directory.authority.read_text()


def test_written_again_nothing_changes_unless_asked(hub: TinyHub, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write(hub, folder)
    before = token_in(folder, "s1")
    assert outcomes(write(hub, folder)) == ["kept", "kept"]
    assert token_in(folder, "s1") == before
    assert outcomes(write(hub, folder, again=True)) == ["made", "made"]
    assert token_in(folder, "s1") != before


def test_an_expired_token_is_replaced(hub: TinyHub, tmp_path: Path) -> None:
    write(hub, tmp_path / "out")
    assert outcomes(write(hub, tmp_path / "out", days=29)) == ["kept", "kept"]
    assert outcomes(write(hub, tmp_path / "out", days=30)) == ["made", "made"]


def test_a_school_with_a_node_gets_none(hub: TinyHub, tmp_path: Path) -> None:
    [one, _] = write(hub, tmp_path / "out")
    assert one.path is not None
    setup, _ = decode_setup(one.path.read_bytes(), "x")
    enrol(hub.service.registry, hub.id, hub.node().request(setup.token), hub.now)
    assert outcomes(write(hub, tmp_path / "out")) == ["enrolled", "kept"]
    assert outcomes(write(hub, tmp_path / "out", again=True)) == ["made", "made"]


def test_what_lies_in_the_hubs_folder_is_copied_and_what_is_away_is_named(
    hub: TinyHub, tmp_path: Path
) -> None:
    write(hub, hub.hub_directory.setup)
    assert outcomes(write(hub, tmp_path / "out")) == ["copied", "copied"]
    assert token_in(tmp_path / "out", "s2") == token_in(hub.hub_directory.setup, "s2")
    (hub.hub_directory.setup / setup_name("s1")).write_bytes(b"edited")
    assert write(hub, tmp_path / "third")[0] == SetupOutcome("s1", "away", None)


def test_nothing_is_remembered_when_a_file_cannot_be_written(hub: TinyHub, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / setup_name("s2")).mkdir(parents=True)
    with pytest.raises((PackhorseError, OSError)):
        write(hub, folder)
    assert waiting_tokens(hub.service.registry) == {}
    (folder / setup_name("s2")).rmdir()
    assert outcomes(write(hub, folder)) == ["made", "made"]
    assert len(waiting_tokens(hub.service.registry)) == 2


def check_place(place: str) -> str:
    if place != "gd/zhuhai":
        raise UsageError("No publisher of this hub is responsible for {place}.", place=place)
    return place


def read(text: str, encoding: str = "utf-8") -> list[School]:
    return read_schools(text.encode(encoding), "schools.csv", check_place)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_table_of_schools_in_chinese(encoding: str) -> None:
    text = "学校编号,学校名称,地区,分组,电话\nzh-1,珠海一小,gd/zhuhai,乡村；海岛,0756\n"
    text += "zh-2,珠海二小,,,\n"
    assert read(text, encoding) == [
        School("zh-1", "珠海一小", "gd/zhuhai", ("乡村", "海岛")),
        School("zh-2", "珠海二小"),
    ]


def test_a_table_of_schools_in_english() -> None:
    text = 'school,name,place,groups\na,A,,"rural, island,rural"\n'
    assert read(text) == [School("a", "A", "", ("rural", "island"))]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("school,name\n", "has 0 schools"),
        ("school\n" + "".join(f"s{n}\n" for n in range(2001)), "has 2001 schools"),
        ("name\nA\n", "has no column school"),
        ("school,name\na,A\n,B\n", "Row 3 of schools.csv has nothing in the column school"),
        ("school,name\na,A,,\n,a,A,\n", "Row 3 of schools.csv has more cells"),
        ("school,name\na,A,rural\n", "Row 2 of schools.csv has more cells"),
        ("school\na\nb\na\n", "row 4: a stands in row 2 already"),
        ("school,place\na,gd/doumen\n", "row 2: No publisher of this hub"),
        (f"school\n{'x' * 101}\n", "row 2: 'xxx"),
        (f"school,name\na,{'x' * 101}\n", "row 2: Its name is longer"),
        (f"school,groups\na,{'x' * 101}\n", "row 2: Its group is longer"),
        ('school,groups\na,"' + ",".join(map(str, range(51))) + '"\n', "more than 50 groups"),
        ('school,name\na,"x\ny"\n', "not all printable"),
    ],
)
def test_wrong_tables_are_named_by_row(text: str, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        read(text)


def test_every_wrong_row_is_named_at_once() -> None:
    rows = "".join("a,no-such-place\n" for _ in range(30))
    with pytest.raises(RefusedError) as caught:
        read("school,place\nb,\n" + rows)
    lines = str(caught.value).splitlines()
    assert lines[0] == "schools.csv has 30 wrong rows, and nothing was written:"
    assert lines[1].startswith("row 3: ")
    assert (len(lines), lines[-1]) == (22, "...")


def test_two_hundred_schools_get_two_hundred_files(hub: TinyHub, tmp_path: Path) -> None:
    schools = [School(f"zh-{number:03}", f"珠海{number}小") for number in range(200)]
    mint = Mint(hub.hub_directory, Terms(), START)
    made = write_setups(hub.hub_directory, schools, mint, tmp_path / "out")
    assert {one.outcome for one in made} == {"made"}
    assert len(list((tmp_path / "out").iterdir())) == 200
    assert len(waiting_tokens(hub.service.registry)) == 200
