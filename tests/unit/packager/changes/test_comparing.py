"""What differs between two versions, each way in which a lesson can."""

import msgspec
import pytest

from core.cues import Cue
from core.manifest import Item, Manifest
from packager.changes.comparing import KINDS, Changes, compare
from packager.changes.lessons import folder_of
from tests.support.lesson_versions import SIZE, lesson, rendition, version

A, B, C, D = (lesson(f"u/{name}.pdf") for name in "abcd")
OLD = version([A, B, C, D], {})


def told(found: Changes) -> dict[str, list[str]]:
    """Give titles by how lessons changed, and what of them."""
    lines = {
        kind: [" ".join([one.item.title["en"], *one.what]) for one in found.of(kind)]
        for kind in KINDS
    }
    return {kind: some for kind, some in lines.items() if some}


def test_nothing_differs_between_a_version_and_itself() -> None:
    found = compare(OLD, msgspec.structs.replace(OLD, version=2))
    assert (found.lessons, found.pack, found.files) == ([], (), 0)
    assert [one.entry for one in found.unchanged] == ["u/a.pdf", "u/b.pdf", "u/c.pdf", "u/d.pdf"]


def test_all_of_a_first_version_is_added() -> None:
    found = compare(None, OLD)
    assert told(found) == {"added": ["a", "b", "c", "d"]}
    assert [one.size for one in found.lessons] == [SIZE] * 4


CASES = {
    "added": ([A, B, lesson("u/new.pdf"), C, D], {}, {"added": ["new"]}),
    "removed": ([A, C, D], {}, {"removed": ["b"]}),
    "title": (
        [A, lesson("u/b.pdf", "Bears"), C, D],
        {},
        {"changed": ["Bears title"]},
    ),
    "title in another language": (
        [A, lesson("u/b.pdf", chinese="熊"), C, D],
        {},
        {"changed": ["b title"]},
    ),
    "content": ([A, B, C, D], {"u/b.pdf": "new"}, {"changed": ["b content"]}),
    "cues": (
        [A, lesson("u/b.pdf", cues=[Cue(at=1)]), C, D],
        {},
        {"changed": ["b cues"]},
    ),
    "last day": (
        [A, lesson("u/b.pdf", until="2027-01-31"), C, D],
        {},
        {"changed": ["b valid_until"]},
    ),
    "one goes to the front": ([D, A, B, C], {}, {"moved": ["d order"]}),
    "one goes to the end": ([B, C, D, A], {}, {"moved": ["a order"]}),
    "other folder": (
        [A, lesson("v/b.pdf"), C, D],
        {"v/b.pdf": "u/b.pdf"},
        {"moved": ["b folder"]},
    ),
    "other file name": (
        [A, lesson("u/01 b.pdf"), C, D],
        {"u/01 b.pdf": "u/b.pdf"},
        {"moved": ["b name"]},
    ),
    "other name and title": (
        [A, lesson("u/bears.pdf"), C, D],
        {"u/bears.pdf": "u/b.pdf"},
        {"changed": ["bears title name"]},
    ),
    "other folder and content": (
        [A, lesson("v/b.pdf"), C, D],
        {"v/b.pdf": "new"},
        {"changed": ["b content folder"]},
    ),
    "moved and changed": (
        [A, C, D, B],
        {"u/b.pdf": "new"},
        {"changed": ["b content order"]},
    ),
    "replaced by another of another title": (
        [A, lesson("u/e.pdf"), C, D],
        {},
        {"added": ["e"], "removed": ["b"]},
    ),
}


@pytest.mark.parametrize(("items", "contents", "expected"), CASES.values(), ids=CASES)
def test_each_way_in_which_lessons_differ(
    items: list[Item], contents: dict[str, str], expected: dict[str, list[str]]
) -> None:
    found = compare(OLD, version(items, contents, 2))
    assert told(found) == expected


def test_as_few_lessons_as_possible_moved() -> None:
    items = [lesson(f"{number}.pdf") for number in range(10)]
    found = compare(version(items, {}), version([*items[7:], *items[:7]], {}, 2))
    assert told(found) == {"moved": ["7 order", "8 order", "9 order"]}
    assert [one.behind and one.behind.title["en"] for one in found.lessons] == [None, "7", "8"]


def test_lessons_of_the_same_content_are_told_apart_by_their_titles() -> None:
    old = version([lesson("a.pdf"), lesson("b.pdf")], {"a.pdf": "x", "b.pdf": "x"})
    new = version([lesson("v/b.pdf"), lesson("v/a.pdf")], {"v/a.pdf": "x", "v/b.pdf": "x"}, 2)
    found = compare(old, new)
    assert told(found) == {"moved": ["b folder", "a folder"]}


def test_a_title_that_several_have_tells_nothing() -> None:
    old = version([lesson("u/1.pdf", "Review"), lesson("v/1.pdf", "Review")], {})
    new = version([lesson("u/1.pdf", "Review"), lesson("w/1.pdf", "Review")], {}, 2)
    assert told(compare(old, new)) == {"changed": ["Review content folder"]}
    new = version([lesson("x/1.pdf", "Review"), lesson("w/1.pdf", "Review")], {}, 2)
    assert told(compare(old, new)) == {"added": ["Review"] * 2, "removed": ["Review"] * 2}


def with_renditions(
    source: str, made: dict[str, str], folder: str = "", title: str = "fish"
) -> Manifest:
    """Give a version of a lesson whose video was made into renditions."""
    plain = lesson(f"{folder}fish.mp4", title, also=[f"{folder}fish.vtt"])
    paths = {name: f"{folder}fish.{name}.mp4" for name in made}
    renditions = [rendition(name, source, text, paths[name]) for name, text in made.items()]
    new = version([plain], {f"{folder}fish.mp4": source})
    if not made:
        return new
    entry = renditions[0].path
    item = msgspec.structs.replace(
        new.items[0], entry=entry, paths=[*paths.values(), plain.paths[1]], renditions=renditions
    )
    contents = {path: made[name] for name, path in paths.items()}
    files = version([msgspec.structs.replace(item, id="x", renditions=[])], contents).files
    return msgspec.structs.replace(new, items=[item], files=files)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (("v", {"720p": "1"}), ("v", {"720p": "1", "240p": "2"}), ["renditions"]),
        (("v", {"720p": "1"}), ("v", {"720p": "2"}), ["renditions"]),
        (("v", {"720p": "1"}), ("w", {"720p": "2"}), ["content"]),
        (("v", {"720p": "1"}), ("w", {"480p": "2"}), ["content", "renditions"]),
        (("v", {}), ("v", {"720p": "1"}), ["renditions"]),
        (("v", {"720p": "1"}), ("v", {}), ["renditions"]),
        (("v", {"720p": "1"}), ("v", {"720p": "1"}, "b/"), ["folder"]),
        (("v", {}), ("w", {"720p": "1"}), ["content", "renditions"]),
    ],
)
def test_what_of_a_video_differs(
    old: tuple[str, dict[str, str]], new: tuple[str, dict[str, str]], expected: list[str]
) -> None:
    before, after = with_renditions(*old), with_renditions(*new)
    # Only the video and what was made of it differ, not the subtitles.
    files = [
        msgspec.structs.replace(one, digest=before.files[-1].digest)
        if one.path.endswith(".vtt")
        else one
        for one in after.files
    ]
    [one] = compare(before, msgspec.structs.replace(after, files=files)).lessons
    assert list(one.what) == expected


def test_other_subtitles_are_told() -> None:
    old = version([lesson("a.mp4", also=["a.vtt"])], {})
    found = compare(old, version([lesson("a.mp4", also=["a.vtt"])], {"a.vtt": "new"}, 2))
    assert told(found) == {"changed": ["a subtitles"]}
    assert found.lessons[0].size == SIZE


def test_a_page_is_not_changed_by_the_lessons_beside_it() -> None:
    def pages(*names: str, style: str) -> Manifest:
        items = [msgspec.structs.replace(lesson(f"u/{name}.html"), paths=["u/"]) for name in names]
        held = {f"u/{name}.html": name for name in names} | {"u/style.css": style}
        made = version([lesson(one.entry) for one in items], held)
        new = [msgspec.structs.replace(one, paths=["u/"]) for one in made.items]
        return msgspec.structs.replace(made, items=new)

    old = pages("a", "b", "c", style="1")
    assert told(compare(old, pages("a", "c", "d", style="1"))) == {
        "added": ["d"],
        "removed": ["b"],
    }
    # What they share is of each.
    assert told(compare(old, pages("a", "b", "c", style="2"))) == {
        "changed": ["a content", "b content", "c content"]
    }


def test_a_file_of_several_lessons_counts_once() -> None:
    items = [lesson("a.pdf", also=["x.pdf"]), lesson("b.pdf", also=["x.pdf"])]
    found = compare(OLD, version(items, {}, 2))
    assert sum(one.size for one in found.lessons) == 3 * SIZE


def test_what_is_said_of_the_whole_pack_and_files_of_no_lesson_are_told() -> None:
    new = version([A, B, C, D], {"readme.txt": "x"}, 2, grade="五年级")
    found = compare(OLD, new)
    assert (found.lessons, found.pack, found.files) == ([], ("grade",), 1)


@pytest.mark.parametrize(
    ("paths", "entry", "kind", "expected"),
    [
        (["u/v/a.mp4"], "u/v/a.mp4", "video", "u/v/"),
        (["a.mp4"], "a.mp4", "video", ""),
        (["u/site/"], "u/site/index.html", "html", "u/"),
        (["site/"], "site/INDEX.HTM", "html", ""),
        (["u/"], "u/page.html", "html", "u/"),
        (["u/listed/"], "u/listed/b/a.mp4", "video", "u/"),
        (["u/a.240p.mp4", "u/a.audio/"], "u/a.240p.mp4", "video", "u/"),
    ],
)
def test_where_a_lesson_lies(paths: list[str], entry: str, kind: str, expected: str) -> None:
    item = msgspec.convert(
        {"id": "x", "title": {}, "kind": kind, "entry": entry, "paths": paths}, Item
    )
    assert folder_of(item) == expected
