from pathlib import Path

from packager.quote import Changes, change_lines
from tests.support.packing import build, tools_in, write_tree


def test_a_long_list_of_changes_is_cut_and_counted(tmp_path: Path) -> None:
    write_tree(tmp_path / "c", {"a.txt": b"a"})
    old = build(tmp_path / "c", tools_in(tmp_path / "work"), 1, []).manifest
    titles = [f"lesson {number}" for number in range(22)]
    lines = change_lines(Changes(titles, titles[:21], []), old)
    assert lines[0] == "against version 1:"
    assert lines[1:3] == ["  added: lesson 0", "  added: lesson 1"]
    assert lines[21] == "  added: 2 more items"
    assert lines[-1] == "  changed: 1 more item"
    assert len(lines) == 1 + 21 + 21
