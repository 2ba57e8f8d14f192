"""What a version costs, in tables that fit a terminal, and as data."""

import random
from dataclasses import replace
from pathlib import Path

from core.assigning import Wanted
from core.display import cells
from core.line.wire import Wire, wire_bytes
from packager.build import Build, Tools
from packager.costs import Fetch, fetches, indexes_of
from packager.quote import head_lines, quote_data, quote_lines
from tests.support.packing import build, tools_in, write_tree

NOISE = random.Random(4).randbytes(3_000_000)


def built(tmp_path: Path) -> tuple[Tools, Build]:
    """Make a version with two bases; from the older one a delta saves nothing."""
    tools = tools_in(tmp_path / "work")
    write_tree(tmp_path / "a", {"x.bin": NOISE[:1_000_000]})
    first = build(tmp_path / "a", tools, 1, []).manifest
    write_tree(tmp_path / "b", {"x.bin": NOISE[:1_500_000], "y.bin": NOISE[1_500_000:]})
    second = build(tmp_path / "b", tools, 2, []).manifest
    write_tree(tmp_path / "c", {"y.bin": NOISE[1_500_000:] + b"more", "z.txt": b"z" * 100})
    made = build(tmp_path / "c", tools, 3, [second, first])
    # Between versions so small it saves little, but something.
    return tools, replace(made, bundles=made.bundles[:2], dropped=made.bundles[2:])


def costs(tools: Tools, made: Build) -> list[Fetch]:
    return fetches(made, Wanted(), indexes_of(made, tools.workspace))


def test_each_school_is_told_what_it_fetches_and_needs(tmp_path: Path) -> None:
    tools, made = built(tmp_path)
    assert [one.link.base for one in made.bundles] == [0, 2]
    [dropped] = made.dropped
    new, second, first = costs(tools, made)
    assert [one.base for one in (new, second, first)] == [0, 2, 1]
    assert new.content == made.bundles[0].link.length > 1_500_000
    assert second.content == made.bundles[1].link.length < 2000
    # Where there is no delta, it takes what it lacks of the full bundle.
    assert first.content == dropped.alternative
    assert [one.kept for one in (new, second, first)] == [new.kept] * 3
    assert second.room > 1_500_004 > new.room - 20_000
    assert (new.old, second.old > 3_000_000, 1_000_000 < first.old < 1_001_000) == (0, True, True)
    chinese = quote_lines(made, [new, second, first], "zh")
    assert [line.split("  ")[1] for line in chinese[:2]] == ["要发送", "新学校"]
    # Figures stand below one another, however wide the words above them are.
    assert len({cells(line) for line in chinese[:4]}) == 1
    lines = quote_lines(made, [new, second, first], "en")
    labels = ["new schools", "from version 2", "from version 1"]
    assert [line.split("  ")[1] for line in lines[:4]] == ["to send", *labels]
    assert lines[4] == (
        "no delta from version 1 (1.5 MB): of the full bundle such schools need 1.5 MB"
    )
    assert [line.split("  ")[1] for line in lines[5:]] == ["on the disk", *labels]
    assert max(map(cells, lines)) <= 80


def test_times_count_what_is_on_the_line_beside_the_bundle(tmp_path: Path) -> None:
    tools, made = built(tmp_path)
    data = quote_data(made, costs(tools, made))
    for one in data["bundles"]:
        assert one["line_bytes"] > wire_bytes(one["bytes"], Wire(tls=True)) > one["bytes"]
        assert one["seconds"]["2 Mbit/s"] == round(one["line_bytes"] / 250_000, 1)
    assert [one["base"] for one in data["dropped"]] == [1]
    assert [one["base"] for one in data["disk"]] == [0, 2, 1]
    assert data["disk"][0].keys() == {"base", "free_bytes", "kept_bytes", "old_bytes"}


def test_the_title_is_in_the_readers_language(tmp_path: Path) -> None:
    tools = tools_in(tmp_path / "work")
    write_tree(tmp_path / "a", {"x.txt": b"x"})
    toml = tmp_path / "a/pack.toml"
    toml.write_text(toml.read_text() + '[title]\nzh = "鱼"\nen = "Fish"\n')
    made = build(tmp_path / "a", tools, 1, [])
    assert head_lines(made, "zh") == ["demo/county/fish 第 1 版：鱼", "1 课，内容共 1 B"]
    assert head_lines(made, "en")[0] == "demo/county/fish version 1: Fish"
