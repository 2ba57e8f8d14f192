from cache.catalogue_reader import CatalogueItem, CataloguePack
from core.digest import Digest
from edge_client.portal.listing import group_packs, neighbours


def pack(name: str, grade: str = "", subject: str = "", title: str = "") -> CataloguePack:
    return CataloguePack(
        id=f"gd/-/{name}", version=1, manifest=Digest("0" * 64),
        title={"zh": title} if title else {},
        language="", section="", stage="", subject=subject, edition="", grade=grade, volume="",
        valid_until=None, items=1, served=1, current=1, size=1, missing=0,
    )  # fmt: skip


def item(name: str) -> CatalogueItem:
    return CatalogueItem("gd/-/x", name, 1, 1, 0, {}, "video", "a.mp4", None, 1, 0)


def test_grades_come_in_school_order_and_packs_without_one_last() -> None:
    grades = ["十年级", "", "五年级", "二年级", "10", "9"]
    packs = [pack(f"p{number}", grade) for number, grade in enumerate(grades)]
    assert [group.name for group in group_packs(packs, "zh")] == [
        "二年级",
        "五年级",
        "9",
        "10",
        "十年级",
        "",
    ]


def test_packs_of_a_grade_come_by_subject_then_title() -> None:
    packs = [
        pack("z", "5", "语文"),
        pack("b", "5", "数学", "第10册"),
        pack("a", "5", "数学", "第9册"),
        pack("n", "5"),
    ]
    (group,) = group_packs(packs, "zh")
    assert [card.pack.id[5:] for card in group.cards] == ["a", "b", "z", "n"]


def test_packs_of_a_subject_look_alike() -> None:
    (group,) = group_packs([pack("a", "", "数学", "A"), pack("b", "", "数学", "B")], "zh")
    assert {(card.glyph, card.hue) for card in group.cards} == {("数", group.cards[0].hue)}


def test_a_pack_without_a_title_goes_by_its_id() -> None:
    (group,) = group_packs([pack("nameless")], "en")
    assert (group.cards[0].title, group.cards[0].glyph) == ("gd/-/nameless", "G")


def test_neighbours_are_those_before_and_after() -> None:
    items = [item("a"), item("b"), item("c")]
    middle = neighbours(items, "b")
    assert middle is not None
    assert (middle.previous, middle.next) == (items[0], items[2])
    first, last = neighbours(items, "a"), neighbours(items, "c")
    assert first is not None
    assert last is not None
    assert (first.previous, last.next) == (None, None)
    assert neighbours(items, "d") is None
