import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from core.assignment import (
    EVERYBODY,
    MAX_ASSIGNMENT_BYTES,
    MOST_GROUPS,
    MOST_RULES,
    Assignment,
    Rule,
    assignment_file,
    assignment_path,
    decode_assignment,
    encode_assignment,
    is_assignment_path,
    place_of,
)
from core.digest import digest_of
from core.errors import RefusedError
from core.standing import Standing, decode_standing, encode_standing

PATH = "gd/zhuhai/@assignment"
PLAIN = Assignment(
    place="gd/zhuhai",
    published="2026-11-22T08:30:00Z",
    groups={"海岛学校": ["s1", "s2"]},
    rules=[
        Rule("海岛学校", "gd/zhuhai/*", 1, ["360p", "audio"]),
        Rule(EVERYBODY, "cn/-/reading"),
    ],
)


@pytest.mark.parametrize(
    ("pattern", "path", "place"),
    [
        ("gd/zhuhai/*", "gd/zhuhai/@assignment", "gd/zhuhai"),
        ("gd/*/*", "gd/-/@assignment", "gd/-"),
        ("cn/-/*", "cn/-/@assignment", "cn/-"),
    ],
)
def test_each_publisher_has_one_path(pattern: str, path: str, place: str) -> None:
    assert assignment_path(pattern) == path
    assert is_assignment_path(path)
    assert place_of(path) == place


@pytest.mark.parametrize(
    "path",
    ["gd/zhuhai/math", "@assignment", "gd/@assignment", "a/b/c/@assignment", "a/B/@assignment"],
)
def test_other_names_are_no_assignments(path: str) -> None:
    with pytest.raises(RefusedError, match="not an assignment's name"):
        place_of(path)


def test_it_lies_beside_the_releases() -> None:
    digest = digest_of(b"x")
    assert assignment_file(PATH, digest) == f"targets/gd/zhuhai/{digest}.@assignment"


def test_what_is_written_is_read_back() -> None:
    assert decode_assignment(encode_assignment(PLAIN), PATH) == PLAIN
    assert encode_assignment(PLAIN) == encode_assignment(PLAIN)


def test_200_schools_are_some_kilobytes_on_the_line() -> None:
    schools = [f"zhuhai-school-{number:03}" for number in range(200)]
    rules = [Rule(EVERYBODY, f"gd/zhuhai/math-g{grade}-*") for grade in range(1, 10)]
    one = Assignment(place="gd/zhuhai", groups={"a": schools[:90], "b": schools[90:]}, rules=rules)
    assert len(encode_assignment(one)) < 2000


def packed(value: object) -> bytes:
    return zstandard.compress(msgspec.json.encode(value))


GOOD = {"format": 1, "place": "gd/zhuhai", "groups": {"a": ["s1"]}, "rules": []}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"junk", "damaged"),
        (packed(GOOD)[:-3], "damaged"),
        (packed(GOOD) + b"more", "damaged"),
        (b"x" * (MAX_ASSIGNMENT_BYTES + 1), "too large"),
        (zstandard.compress(b"[" * 5_000_000), "too large"),
        (zstandard.compress(b"[" * 100_000), "cannot be read"),
        (packed({**GOOD, "format": 2}), "format 2"),
        (packed({**GOOD, "place": "gd/-"}), "belongs to"),
        (packed({**GOOD, "groups": {"\u202ea": []}}), "cannot be a group's name"),
        (packed({**GOOD, "groups": {"a\n": []}}), "cannot be a group's name"),
        (packed({**GOOD, "groups": {"*": []}}), "cannot be a group's name"),
        (packed({**GOOD, "groups": {"a" * 61: []}}), "cannot be a group's name"),
        (packed({**GOOD, "groups": {"a": [""]}}), "cannot be read"),
        (packed({**GOOD, "rules": [["a", "gd/zhuhai/*"]]}), "cannot be read"),
        (packed({**GOOD, "rules": [{"group": "b", "pack": "*"}]}), "which is not there"),
        (packed({**GOOD, "rules": [{"group": "a", "pack": "math"}]}), "neither a pack's id"),
        (packed({**GOOD, "rules": [{"group": "a", "pack": "[a-z]*"}]}), "neither a pack's id"),
        (packed({**GOOD, "rules": [{"group": "a", "pack": "*", "priority": 0}]}), "cannot be read"),
        (packed({**GOOD, "rules": [{"group": "a", "pack": "*", "priority": 10}]}), "cannot be"),
        (
            packed({**GOOD, "rules": [{"group": "a", "pack": "*", "renditions": ["7 20p"]}]}),
            "not a rendition",
        ),
        (packed({**GOOD, "groups": {"a": ["s"] * 60_000, "b": ["s"] * 60_000}}), "too large"),
    ],
)
def test_what_no_node_takes(data: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        decode_assignment(data, PATH)


@given(st.binary(max_size=200))
def test_junk_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_assignment(data, PATH)


def test_too_many_schools_are_refused_before_they_are_signed() -> None:
    schools = [str(digest_of(str(number).encode())) for number in range(10_000)]
    with pytest.raises(RefusedError, match="too large"):
        encode_assignment(Assignment(place="gd/zhuhai", groups={"a": schools}))


@pytest.mark.parametrize(
    "one",
    [
        Assignment(place="gd/zhuhai", rules=[Rule("*", "gd/zhuhai/*")] * (MOST_RULES + 1)),
        Assignment(place="gd/zhuhai", groups={f"g{n}": [] for n in range(MOST_GROUPS + 1)}),
    ],
)
def test_what_nodes_would_not_read_is_refused_before_it_is_signed(one: Assignment) -> None:
    with pytest.raises(RefusedError, match="too large"):
        encode_assignment(one)


def test_a_standing_is_remembered() -> None:
    standing = Standing(by=["gd/zhuhai"], wanted=3, unwanted=["gd/zhuhai/x"], unreadable=True)
    assert decode_standing(encode_standing(standing)) == standing
    assert decode_standing(None) == decode_standing("}{") == decode_standing("[]") == Standing()
