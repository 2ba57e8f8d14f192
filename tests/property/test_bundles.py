"""Any tree, built and decoded, is the same tree; any change arrives as a delta."""

import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.packing import build, bundle_bytes, decode, tools_in, write_tree

NAMES = st.sampled_from(
    ["a.txt", "b.html", "index.html", "01 分数.mp4", "x.vtt", "data.json", "p.png", "copyright"]
)
FOLDERS = st.sampled_from(["", "unit 1/", "unit 10/", "site/", "site/img/"])


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Empty, repetitive, incompressible, small and over the borders of layout."""
    size = draw(st.sampled_from([0, 1, 7, 8, 100, 5000, 65_535, 65_536, 300_000, 1_200_000]))
    seed = draw(st.integers(0, 5))
    if draw(st.booleans()):
        return random.Random(seed).randbytes(size)
    return (b"lesson %d, " % seed * (size // 9 + 1))[:size]


PATHS = st.builds(str.__add__, FOLDERS, NAMES)
TREES = st.dictionaries(PATHS, contents(), min_size=1, max_size=8)


@st.composite
def changes(draw: st.DrawFn, tree: dict[str, bytes]) -> dict[str, bytes]:
    """Edit, remove, rename and add files of a tree."""
    new = dict(tree)
    for path in draw(st.lists(st.sampled_from(sorted(tree)), max_size=4, unique=True)):
        data = new.pop(path)
        deed = draw(st.sampled_from(["edit", "grow", "remove", "rename", "replace"]))
        if deed == "edit":
            new[path] = data[: len(data) // 2] + b"edited" + data[len(data) // 2 + 3 :]
        elif deed == "grow":
            new[path] = data + b"more"
        elif deed == "rename":
            new[f"renamed {path.replace('/', ' ')}"] = data
        elif deed == "replace":
            new[path] = draw(contents())
    new.update(draw(st.dictionaries(PATHS, contents(), min_size=0 if new else 1, max_size=2)))
    return new


@given(data=st.data())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_what_is_decoded_is_what_was_packed(data: st.DataObject) -> None:
    first = data.draw(TREES)
    second = data.draw(changes(first))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "course")
        tools = tools_in(Path(place, "work"))
        write_tree(folder, first)
        one = build(folder, tools, 1, [])
        write_tree(folder, second)
        two = build(folder, tools, 2, [one.manifest])
        tree, held = decode(one, tools, 0, {})
        assert tree == first
        assert decode(two, tools, 0, {})[0] == second
        assert decode(two, tools, 1, held)[0] == second


@given(tree=TREES, changed=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_same_folder_gives_the_same_bytes(
    tree: dict[str, bytes], changed: st.DataObject
) -> None:
    new = changed.draw(changes(tree))
    made = []
    with tempfile.TemporaryDirectory() as place:
        for name in ("one", "two"):
            folder = Path(place, name)
            tools = tools_in(Path(place, f"{name}-work"))
            write_tree(folder, tree)
            first = build(folder, tools, 1, [])
            write_tree(folder, dict(reversed(new.items())))
            second = build(folder, tools, 2, [first.manifest])
            made.append([bundle_bytes(first, tools), bundle_bytes(second, tools)])
    assert made[0] == made[1]
