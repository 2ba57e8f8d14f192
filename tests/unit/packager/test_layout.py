import pytest

from core.digest import digest_of
from packager.layout import Content, plan_blocks, plan_groups

MiB = 1024 * 1024
KiB = 1024


def content(
    name: str, size: int, rank: int = 0, *, stored: bool = False, changed: bool = False
) -> Content:
    return Content(digest_of(name.encode()), size, name, rank, stored, changed)


def test_a_rendition_shares_no_block_and_the_lowest_of_an_item_comes_first() -> None:
    def made(name: str, size: int, rank: int, rung: int) -> Content:
        return Content(digest_of(name.encode()), size, name, rank, stored=True, rung=rung)

    films = [
        made("1.720p.mp4", 2 * MiB, 0, 3), made("1.240p.mp4", 70 * KiB, 0, 2),
        made("1.audio.mp4", 30 * KiB, 0, 1), made("1.audio/1.jpg", 9, 0, 1),
        made("1.audio/2.jpg", 8, 0, 1), made("1.vtt", 7, 0, 0),
        made("2.720p.mp4", 3 * MiB, 1, 2), made("2.audio.mp4", 6, 1, 1), made("2.vtt", 5, 1, 0),
    ]  # fmt: skip
    # Files of one kind lie together; subtitles share a block as other small files do.
    assert sizes(*films) == [
        [7, 5], [9, 8, 30 * KiB], [70 * KiB], [MiB], [MiB], [6], [MiB], [MiB], [MiB],
    ]  # fmt: skip


def sizes(*contents: Content) -> list[list[int]]:
    return [[piece.length for piece in block.slices] for block in plan_blocks(contents)]


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ([], []),
        ([content("a", 0)], []),
        # Small items share a block until there is enough; then a border between items cuts.
        ([content(f"{n}", 100 * KiB, n) for n in range(4)], [[100 * KiB] * 3, [100 * KiB]]),
        # What several items need comes first, in blocks of its own.
        ([content("a", 5, 0), content("css", 3, -1)], [[3], [5]]),
        # Large files have blocks of their own; small stored ones join the others.
        ([content("a", 2 * MiB), content("b", 5)], [[5], [2 * MiB]]),
        ([content("a", 70 * KiB, stored=True), content("b", 5)], [[5], [70 * KiB]]),
        ([content("a", 60 * KiB, stored=True), content("b", 5)], [[60 * KiB, 5]]),
        ([content("a", 33 * MiB)], [[16 * MiB], [16 * MiB], [1 * MiB]]),
        # What is stored comes in small pieces: damage costs one of them.
        ([content("a", 3 * MiB - 1, stored=True)], [[MiB], [MiB], [MiB - 1]]),
        # Changed files are grouped whatever their items.
        ([content(f"{n}", 300 * KiB, n, changed=True) for n in range(4)], [[300 * KiB] * 4]),
    ],
)
def test_blocks(contents: list[Content], expected: list[list[int]]) -> None:
    assert sizes(*contents) == expected


def groups(*contents: Content) -> list[tuple[list[str], bool]]:
    return [
        ([one.path for one in group.contents], group.is_told) for group in plan_groups(contents)
    ]


def test_many_small_changes_come_first_without_their_digests() -> None:
    changed = [content(f"{n}.html", 20 * KiB, n, changed=True) for n in range(3)]
    film = content("film.mp4", 2 * MiB, 1, stored=True)
    new = content("new.css", 2 * KiB, 1)
    # 4 digests are 128 bytes: nothing beside the film, much without it.
    assert groups(*changed, new, film) == [
        (["0.html", "1.html", "2.html"], True), (["new.css", "film.mp4"], True),
    ]  # fmt: skip
    assert groups(*changed, new) == [(["new.css", "0.html", "1.html", "2.html"], False)]


def test_small_files_that_are_new_are_told() -> None:
    assert all(told for _, told in groups(*[content(f"{n}.js", 100, n) for n in range(50)]))


def test_small_files_that_come_to_much_keep_no_lesson_waiting() -> None:
    few = [content(f"{n}.html", 900, changed=True) for n in range(100)]
    many = [content(f"{n}.html", 900, changed=True) for n in range(20_000)]
    assert [told for _, told in groups(*few)] == [False]
    assert [told for _, told in groups(*many)] == [True]


def test_renditions_are_always_told() -> None:
    slide = Content(digest_of(b"1"), 90, "1.audio/1.jpg", 0, changed=True, rung=1)
    changed = content("1.vtt", 700, changed=True)
    assert groups(slide, changed) == [(["1.vtt"], False), (["1.audio/1.jpg"], True)]
