"""Changes in words: short, in the reader's titles, each way told; and all of them as data."""

import json

import msgspec

from core.cues import Cue
from core.display import cells
from core.manifest import Manifest
from packager.changes.comparing import compare
from packager.changes.telling import WIDTH, change_data, change_lines
from tests.support.lesson_versions import lesson, rendition, version

OLD = version(
    [
        lesson(f"{chapter}/{number}.pdf", f"{chapter}{number}")
        for chapter in "ab"
        for number in range(4)
    ],
    {},
)


def lines_for(new: Manifest, old: Manifest = OLD, language: str = "en") -> list[str]:
    return change_lines(compare(old, new), old.version, language)


def test_a_first_version_is_told_as_such() -> None:
    assert change_lines(compare(None, OLD), 0, "en") == ["first version of this pack"]


def test_where_no_lesson_differs_it_is_said_what_does() -> None:
    new = version([], {"x.txt": "x"}, 2, grade="五年级")
    new = msgspec.structs.replace(OLD, files=[*OLD.files, *new.files], grade="五年级")
    assert lines_for(new) == [
        "against version 1: no lesson differs",
        "  the pack itself: grade",
        "  1 file of no lesson",
    ]


def test_each_way_is_told_with_what_an_admin_wants_to_know() -> None:
    items = [
        lesson("a/0.pdf", "Zero"),
        lesson("new.pdf", "New"),
        *[lesson(f"b/{number}.pdf", f"b{number}") for number in (2, 3, 0)],
        *[
            lesson(f"c/{number}.pdf", f"a{number}", cues=[Cue(at=1)] * (number == 1))
            for number in (1, 2, 3)
        ],
    ]
    new = version(items, {f"c/{number}.pdf": f"a/{number}.pdf" for number in (1, 2, 3)}, 2)
    assert lines_for(new) == [
        "against version 1: 1 added, 2 changed, 3 moved, 1 removed, 2 as before",
        f"  {'added    New':<70}  1.0 kB",
        "  changed  Zero: title (was a0)",
        "  changed  a1: cues, folder",
        "  moved    a2 and 1 more: from a/ to c/",
        "  moved    b0: now after b3",
        "  removed  b1",
    ]


def test_lessons_that_moved_together_are_told_together() -> None:
    items = [lesson(one.entry, one.title["en"]) for one in OLD.items]
    assert lines_for(version([*items[5:], *items[:5]], {}, 2))[1:] == [
        "  moved    b1 and 2 more: now first"
    ]
    renamed = [lesson(f"a/0{one.entry[2:]}", one.title["en"]) for one in OLD.items[:4]]
    contents = {one.entry: old.entry for one, old in zip(renamed, OLD.items, strict=False)}
    new = version([*renamed, *items[4:]], contents, 2)
    assert lines_for(new)[1:] == ["  moved    a0 and 3 more: files renamed"]


def test_titles_are_in_the_readers_language_and_harmless() -> None:
    old = version([lesson("1.pdf", "One\x1b[31m", chinese="一")], {})
    new = version([lesson("1.pdf", "One", chinese="第一")], {}, 2)
    assert lines_for(new, old, "zh")[1:] == ["  改动     第一：标题（原为 一）"]
    assert lines_for(new, old, "en")[1:] == ["  changed  One: title (was One [31m)"]
    # Where it differs in another language alone, nothing can be shown of it.
    new = version([lesson("1.pdf", "One\x1b[31m", chinese="第一")], {}, 2)
    assert lines_for(new, old, "en")[1:] == ["  changed  One [31m: title"]


def test_much_is_cut_to_a_screenful_and_counted() -> None:
    items = [lesson(f"{number}.pdf", f"很长的题目{number}" * 20) for number in range(300)]
    added = [lesson(f"x/{number}.pdf", f"new {number}") for number in range(150)]
    new = version([*items[100:], *added], {f"{number}.pdf": "new" for number in range(200, 290)}, 2)
    lines = lines_for(new, version(items, {}))
    assert lines[0] == "against version 1: 150 added, 90 changed, 100 removed, 110 as before"
    assert len(lines) == 11
    assert max(map(cells, lines)) == WIDTH
    assert lines[4] == f"  {'added    and 147 more lessons':<70}  147 kB"
    counts = [line.split()[2] for line in lines if "more lessons" in line]
    assert counts == ["147", "88", "98"]


def test_what_is_cut_to_one_line_is_only_counted() -> None:
    old = version([lesson(f"{number}.pdf", cues=[Cue(at=1)]) for number in range(30)], {})
    lines = lines_for(version([lesson(f"{number}.pdf") for number in range(30)], {}, 2), old)
    assert lines[1] == "  changed  0: cues"
    assert lines[-1] == "  changed  and 21 more lessons"


def test_renditions_and_last_days_are_named() -> None:
    old = version([lesson("a.mp4", until="2027-01-31")], {})
    [item] = old.items
    new = msgspec.structs.replace(
        item,
        valid_until=None,
        renditions=[rendition(name, "a.mp4", "x", "a.mp4") for name in ("720p", "audio")],
    )
    found = compare(old, msgspec.structs.replace(old, items=[new]))
    assert change_lines(found, 1, "en")[1:] == [
        "  changed  a: renditions (now 720p audio), no last day"
    ]
    back = compare(msgspec.structs.replace(old, items=[new]), old)
    assert "renditions (now none), valid until 2027-01-31" in change_lines(back, 1, "en")[1]


def test_as_data_all_is_given() -> None:
    items = [lesson(one.entry, one.title["en"]) for one in OLD.items]
    new = version(
        [lesson("c/0.pdf", "a0"), *items[2:], lesson("z.pdf", chinese="新")],
        {"c/0.pdf": "a/0.pdf"},
        2,
    )
    data = change_data(compare(OLD, new), "zh")
    assert json.loads(json.dumps(data)) == data
    lessons = data.pop("lessons")
    assert data == {
        "added": ["新"],
        "changed": [],
        "moved": ["a0"],
        "removed": ["a1"],
        "unchanged": 6,
        "pack": [],
        "files": 0,
    }
    assert [one["change"] for one in lessons] == ["moved", "added", "removed"]
    assert lessons[0] == {
        "change": "moved",
        "what": ["folder"],
        "id": "c-0-pdf",
        "was_id": "a-0-pdf",
        "title": {"en": "a0"},
        "was_title": {"en": "a0"},
        "folder": "c/",
        "was_folder": "a/",
        "behind": None,
        "bytes": 0,
    }
    assert (lessons[1]["behind"], lessons[1]["bytes"]) == ("b-3-pdf", 1000)
    assert (lessons[2]["id"], lessons[2]["title"]) == (None, None)
