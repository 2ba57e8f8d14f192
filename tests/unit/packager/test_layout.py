import pytest

from core.bundle.index import MAX_BLOCK_BYTES, MAX_REFERENCE_BYTES
from core.digest import digest_of
from packager.layout import Content, plan_blocks

MiB = 1024 * 1024
KiB = 1024


def content(name: str, size: int, rank: int = 0, *, stored: bool = False, old: int = 0) -> Content:
    was = (digest_of(b"old " + name.encode()), old) if old else None
    return Content(digest_of(name.encode()), size, name, rank, stored, was)


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
        [7, 5], [9, 8, 30 * KiB], [70 * KiB], [2 * MiB], [6], [3 * MiB],
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
        # Changed files are grouped whatever their items.
        ([content(f"{n}", 300 * KiB, n, old=9) for n in range(4)], [[300 * KiB] * 4]),
    ],
)
def test_blocks(contents: list[Content], expected: list[list[int]]) -> None:
    assert sizes(*contents) == expected


def test_limits_hold_for_many_changed_files() -> None:
    contents = [content(f"{n}", 900 * KiB, old=20 * MiB) for n in range(20)]
    blocks = plan_blocks(contents)
    assert len(blocks) == 7
    for block in blocks:
        assert block.size <= MAX_BLOCK_BYTES
        assert sum(piece.length for piece in block.references) <= MAX_REFERENCE_BYTES


def test_a_large_file_refers_to_the_same_part_of_its_old_version() -> None:
    blocks = plan_blocks([content("a", 160 * MiB, old=160 * MiB)])
    starts = [block.references[0].offset // MiB for block in blocks]
    assert starts == [0, 0, 8, 24, 40, 56, 72, 88, 96, 96]
    assert all(block.references[0].length == MAX_REFERENCE_BYTES for block in blocks)


def test_a_smaller_old_version_is_referred_to_whole() -> None:
    (block,) = plan_blocks([content("a", MiB, old=3 * MiB)])
    assert [piece[1:] for piece in block.references] == [(0, 3 * MiB)]
