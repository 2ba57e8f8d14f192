import pytest

from packager.naming import item_ids, natural_key, slug, title_from


def test_order_is_the_one_people_mean() -> None:
    names = ["第十课", "lesson 10", "第二课", "Lesson 2", "第二十一课", "第一课", "lesson 1"]
    assert sorted(names, key=natural_key) == [
        "lesson 1",
        "Lesson 2",
        "lesson 10",
        "第一课",
        "第二课",
        "第十课",
        "第二十一课",
    ]


def test_order_never_compares_numbers_with_words() -> None:
    names = ["a1", "1a", "a", "1", "１０", "2"]
    assert sorted(names, key=natural_key) == ["1", "1a", "2", "１０", "a", "a1"]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("unit 1/01_the_fish.mp4", "the fish"),
        ("3、分数的意义.pdf", "分数的意义"),
        ("1.5 is a number.txt", "1.5 is a number"),
        ("12. Cells.html", "Cells"),
        ("2024年总结.pdf", "2024年总结"),
        ("007.mp4", "007"),
        ("copyright", "copyright"),
        ("README.Debian", "README.Debian"),
        ("01 .mp4", "01"),
    ],
)
def test_title_is_the_name_without_its_number(path: str, title: str) -> None:
    assert title_from(path) == title


def test_a_folder_keeps_its_full_stop() -> None:
    assert title_from("lessons/02 v1.2/", folder=True) == "v1.2"


def test_ids_are_words_where_ascii_can_say_it() -> None:
    assert slug("Unit 1/01 The Fish.mp4") == "unit-1-01-the-fish-mp4"
    assert slug("café.txt") != slug("cafe.txt")


def test_ids_of_chinese_names_are_stable_and_different() -> None:
    one, other = slug("分数.mp4"), slug("小数.mp4")
    assert one == "mp4-44a66aacec"
    assert one != other


def test_colliding_ids_are_told_apart_whatever_the_order() -> None:
    ids = item_ids(["a b.txt", "a-b.txt", "c.txt"])
    assert len(set(ids)) == 3
    assert ids[2] == "c-txt"
    assert item_ids(["a-b.txt", "a b.txt"]) == [ids[1], ids[0]]


def test_ids_are_never_longer_than_the_manifest_allows() -> None:
    assert len(slug("x" * 500 + ".mp4")) <= 100
