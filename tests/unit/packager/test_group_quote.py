"""What a version costs each group of schools, and that nodes then fetch just that."""

from pathlib import Path

import pytest

from core.assigning import Wanted
from core.assignment import Assignment, Rule
from core.names import PackId
from packager import group_quote
from packager.build import Build
from packager.costs import Fetch, Read, fetches, indexes_of
from packager.group_quote import group_data, group_lines, quoted, takers
from tests.support.packing import build, tools_in, write_tree

PACK = PackId("gd/zhuhai/fish")
MINE = Assignment(
    place="gd/zhuhai",
    groups={"mountains": ["s1", "s2"], "town": ["s3"]},
    rules=[Rule("mountains", "gd/zhuhai/*", renditions=["240p"]), Rule("*", "cn/-/*")],
)


def test_groups_that_take_a_pack_are_named_with_what_they_want() -> None:
    [one] = takers(PACK, [MINE])
    assert (one.place, one.group, one.schools) == ("gd/zhuhai", "mountains", 2)
    assert one.how.renditions == ("240p",)
    [everybody] = takers(PackId("cn/-/math"), [MINE])
    assert (everybody.group, everybody.how) == ("*", Wanted())
    assert takers(PackId("gd/foshan/art"), [MINE]) == []
    [all_of_them] = takers(PACK, [Assignment(place="gd/zhuhai")])
    assert (all_of_them.place, all_of_them.group) == ("", "*")


def test_a_school_with_the_version_before_fetches_the_delta_alone(tmp_path: Path) -> None:
    tools = tools_in(tmp_path / "work")
    text = "\n".join(f"line {number * number}" for number in range(20_000)).encode()
    write_tree(tmp_path / "c", {"a.txt": text, "b.bin": bytes(range(256)) * 500})
    first = build(tmp_path / "c", tools, 1, [])
    write_tree(tmp_path / "d", {"a.txt": text + b"\nmore", "b.bin": bytes(range(256)) * 500})
    made = build(tmp_path / "d", tools, 2, [first.manifest])
    read = indexes_of(made, tools.workspace)
    new, old = fetches(made, Wanted(), read)
    assert (new.base, old.base) == (0, 1)
    assert new.content == made.bundles[0].link.length
    assert old.content == made.bundles[1].link.length
    assert new.content < new.line < new.content * 1.2 + 10_000
    assert old.content < new.content
    found = quoted(made, takers(PACK, [MINE]), read)
    [data] = group_data(found)
    assert [one["bytes"] for one in data["each"]] == [new.content, old.content]
    lines = list(group_lines(found, "en"))
    assert lines[0].startswith(
        "group mountains of gd/zhuhai (2 schools), 240p alone, each school ("
    )
    assert "256 kbit/s" in lines[1]
    assert lines[3].startswith("  that has version 1")


def test_what_groups_want_alike_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tools_in(tmp_path / "work")
    write_tree(tmp_path / "c", {"a.txt": b"a"})
    made = build(tmp_path / "c", tools, 1, [])
    counties = [
        Assignment(place=f"gd/{name}", rules=[Rule("*", "cn/-/*")])
        for name in ("zhuhai", "foshan", "doumen")
    ]
    counted: list[Wanted] = []

    def once(build: Build, how: Wanted, read: Read) -> list[Fetch]:
        counted.append(how)
        return fetches(build, how, read)

    monkeypatch.setattr(group_quote, "fetches", once)
    read = indexes_of(made, tools.workspace)
    found = quoted(made, takers(PackId("cn/-/math"), counties), read)
    assert [one.place for one, _ in found] == ["gd/zhuhai", "gd/foshan", "gd/doumen"]
    assert counted == [Wanted()]


def test_a_pack_that_nobody_takes_is_said_so() -> None:
    assert "no assignment names it" in next(group_lines([], "en"))
