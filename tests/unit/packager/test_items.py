import pytest

from core.errors import UsageError
from packager.items import Draft, find_items, owners
from packager.settings import ListedItem


def entries(*paths: str, listed: tuple[str, ...] = ()) -> list[str]:
    return [draft.entry for draft in find_items(paths, [ListedItem(path) for path in listed])]


def by_entry(*paths: str) -> dict[str, Draft]:
    return {draft.entry: draft for draft in find_items(paths, [])}


def test_a_folder_with_an_index_is_one_item() -> None:
    drafts = find_items(["site/index.html", "site/a.css", "site/sub/index.html"], [])
    assert [(d.kind, d.entry, d.paths) for d in drafts] == [
        ("html", "site/index.html", ["site/"]),
    ]


def test_other_folders_only_order() -> None:
    assert entries("unit 10/a.mp4", "unit 2/b.pdf", "c.txt") == [
        "c.txt",
        "unit 2/b.pdf",
        "unit 10/a.mp4",
    ]


def test_an_index_is_found_whatever_its_case_and_html_comes_before_htm() -> None:
    assert entries("a/INDEX.htm", "b/index.htm", "b/Index.html") == ["a/INDEX.htm", "b/Index.html"]


def test_subtitles_belong_to_their_video() -> None:
    drafts = by_entry("a.mp4", "a.vtt", "a.zh.srt", "b.vtt", "aa.vtt")
    assert drafts["a.mp4"].paths == ["a.mp4", "a.vtt", "a.zh.srt"]
    assert sorted(drafts) == ["a.mp4", "aa.vtt", "b.vtt"]


def test_a_loose_page_needs_its_folder_and_its_files_are_no_items() -> None:
    drafts = by_entry("u/p.html", "u/p.css", "u/img/x.png", "u/film.mp4", "v/y.png")
    assert drafts["u/p.html"].paths == ["u/"]
    assert sorted(drafts) == ["u/film.mp4", "u/p.html", "v/y.png"]


def test_a_page_at_the_top_needs_what_supports_it() -> None:
    drafts = by_entry("p.html", "p.css", "film.mp4", "img/x.png", "unit/a.pdf", "unit/b.png")
    assert drafts["p.html"].paths == ["p.html", "p.css", "img/"]
    assert sorted(drafts) == ["film.mp4", "p.html", "unit/a.pdf", "unit/b.png"]


def test_an_index_at_the_top_takes_all_that_is_not_listed() -> None:
    drafts = find_items(["index.html", "a.mp4", "b/c.css", "d/e.pdf"], [ListedItem("d")])
    assert [(d.entry, d.paths) for d in drafts] == [
        ("d/e.pdf", ["d/"]),
        ("index.html", ["a.mp4", "index.html", "b/"]),
    ]


def test_listed_items_come_first_in_their_order() -> None:
    assert entries("1.mp4", "2.mp4", "3.mp4", listed=("3.mp4", "1.mp4")) == [
        "3.mp4",
        "1.mp4",
        "2.mp4",
    ]


def test_a_listed_folder_is_one_item_opened_by_its_best_file() -> None:
    drafts = find_items(["u/1.pdf", "u/2.mp4", "u/x/3.txt"], [ListedItem("u")])
    assert [(d.entry, d.kind, d.paths) for d in drafts] == [("u/2.mp4", "video", ["u/"])]


def test_what_is_listed_must_be_there() -> None:
    with pytest.raises(UsageError, match=r"'x\.mp4', which is not in the folder"):
        entries("a.mp4", listed=("x.mp4",))


def test_owners_name_every_item_that_needs_a_file() -> None:
    assert owners([["a/"], ["a/x", "b"], []], ["a/x", "a/y", "b", "c"]) == {
        "a/x": [0, 1],
        "a/y": [0],
        "b": [1],
        "c": [],
    }


def test_a_listed_index_page_stands_for_its_folder() -> None:
    paths = ["p/index.html", "p/a.png", "q.pdf"]
    (first, second) = find_items(paths, [ListedItem("p/index.html")])
    assert (first.place, first.entry, first.paths) == ("p/", "p/index.html", ["p/"])
    assert second.entry == "q.pdf"


def test_the_same_lesson_is_not_listed_twice() -> None:
    with pytest.raises(UsageError, match="twice"):
        entries("p/index.html", listed=("p/index.html", "p"))


def test_a_listed_page_in_a_folder_is_one_item() -> None:
    assert entries("u/b.html", "u/a.html", "u/c.css", listed=("u/b.html",)) == [
        "u/b.html",
        "u/a.html",
    ]
