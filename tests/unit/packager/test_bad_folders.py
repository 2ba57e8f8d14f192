"""Bundles of folders that are damaged, forged or find no room: nothing is written, and why is said.

What is forged here has right digests: whoever could make a bundle can make these.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from core.bundle.codecs import decode_block
from core.bundle.index import STORED_BLOCK_BYTES as STORED
from core.bundle.listed import Rows
from core.bundle.varint import unsigned
from core.errors import RefusedError
from packager.folders import applying
from packager.folders.reading import read_folder, root_of
from tests.fuzz.layers import bundle_apart, from_bundle, number, parts
from tests.fuzz.mutation import Node, Tree
from tests.support.archives import prose, zip_of
from tests.support.mounts import CannotMountError, disk_of
from tests.unit.packager.conftest import Run
from tests.unit.packager.test_folders import Folders, planted, tree_of

NOISE = Random(1).randbytes(9_000_000)
OLD = {"a.txt": prose(1, 9000), "b.docx": zip_of({"x.xml": prose(2, 5000)})}
NEW = {
    "a.txt": prose(1, 9000)[:4000] + b"!" + prose(1, 9000)[4000:],
    "b.docx": zip_of({"x.xml": prose(2, 4000) + b"new"}),
    "film.mp4": NOISE[:2_500_000],
}
# Of block 0, which tells what is new, and of the others.
SIZE, MOVES, PAYLOAD = 1, 3, 4
# Of an index.
ROOTS = 4
# Of a recipe.
LEVELS = 4


@pytest.fixture
def folders(run: Run, tmp_path: Path) -> Folders:
    made = Folders(run, tmp_path)
    made.carried(OLD, NEW)
    shutil.rmtree(made.made)
    return made


def text_of(folder: Path) -> bytes:
    return Rows(read_folder(folder).rows).text


def forge(folders: Folders, change: Callable[[list[Tree]], list[Tree]]) -> None:
    """Change the blocks of the bundle, and make all digests right again."""
    text = text_of(folders.old)
    tree = bundle_apart(folders.bundle.read_bytes(), text)
    *first, blocks, behind = parts(tree)
    told = [Node("block", list(parts(one))) for one in parts(blocks)]
    folders.bundle.write_bytes(from_bundle(Node("bundle", [*first, change([*told]), behind]), text))


def refused(folders: Folders, code: int = 12) -> str:
    """Apply the bundle; give the sentence with which it is refused."""
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == code, ran.err
    assert "\nhint: " in ran.err
    assert not folders.made.exists()
    assert sorted(one.name for one in folders.place.iterdir()) == ["new", "old", "x.bundle"]
    assert tree_of(folders.old) == OLD
    return ran.err


def test_what_is_forged_but_unchanged_is_applied(folders: Folders) -> None:
    forge(folders, lambda blocks: blocks)
    assert folders.applied() == 0
    assert tree_of(folders.made) == NEW


def shortened(blocks: list[Tree]) -> list[Tree]:
    """Cut a stored payload short, and leave what it is to make."""
    parts(blocks[2])[PAYLOAD] = parts(blocks[2])[PAYLOAD][:-1]  # type: ignore[index]
    return blocks


FORGED: dict[str, Callable[[list[Tree]], list[Tree]]] = {
    "cut off": lambda blocks: blocks[:-1],
    "a payload cut short": shortened,
    "in another order": lambda blocks: [blocks[0], *blocks[:0:-1]],
    "one twice": lambda blocks: [*blocks[:2], *blocks[1:]],
    "one more": lambda blocks: [*blocks, blocks[-1]],
    "none": lambda blocks: blocks[:1],
    "the list alone, twice": lambda blocks: [blocks[0], blocks[0]],
}


@pytest.mark.parametrize("name", FORGED)
def test_blocks_that_are_not_those_of_the_list_are_refused(folders: Folders, name: str) -> None:
    forge(folders, FORGED[name])
    said = refused(folders)
    assert any(word in said for word in ("does not make what", "damaged", "index is wrong")), said


def test_a_block_of_another_bundle_is_refused(folders: Folders) -> None:
    other = folders.place / "other"
    planted(other, {**NEW, "film.mp4": NOISE[2_500_000:5_000_000]})
    mine = folders.bundle.read_bytes()
    ran = folders.run("pack", "diff", folders.old, other, "-o", folders.bundle)
    assert ran.code == 0
    foreign = parts(parts(bundle_apart(folders.bundle.read_bytes(), text_of(folders.old)))[-2])
    shutil.rmtree(other)
    folders.bundle.write_bytes(mine)
    (film,) = (one for one in foreign if parts(one)[SIZE] == len(NEW["film.mp4"]) - 2 * STORED)
    forge(
        folders,
        lambda blocks: [film if parts(one)[SIZE] == parts(film)[SIZE] else one for one in blocks],
    )
    assert "does not make what it was made for" in refused(folders)


@pytest.mark.parametrize("keep", [0, 1, 15, 16, 60, 0.5, 0.999])
def test_a_bundle_that_is_cut_off_is_refused(folders: Folders, keep: float) -> None:
    data = folders.bundle.read_bytes()
    folders.bundle.write_bytes(data[: int(keep if keep >= 1 else keep * len(data))])
    refused(folders)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PKHB", "too short"),
        (b"PK\3\4" * 9, "not a Packhorse bundle"),
        (b"\x89PKHB\r\n\2" + b"\xff" * 90, "gives a wrong length"),
        (b"\x89PKHB\r\n\2" + bytes([9, 0, 0, 0, 9, 0, 0, 0]) + b"x" * 9, "index is damaged"),
    ],
)
def test_what_is_no_bundle_is_refused_with_a_cure(
    folders: Folders, data: bytes, words: str
) -> None:
    folders.bundle.write_bytes(data)
    said = refused(folders)
    assert words in said
    assert "Bring it again; it must be what pack diff has made." in said


def test_folders_that_were_made_for_what_is_refused_go_again(folders: Folders) -> None:
    data = folders.bundle.read_bytes()
    folders.bundle.write_bytes(data[:-9])
    target = folders.place / "some" / "where" / "made"
    assert folders.run("pack", "apply", folders.old, folders.bundle, "-o", target).code == 12
    assert not (folders.place / "some").exists()
    folders.bundle.write_bytes(data)
    assert folders.run("pack", "apply", folders.old, folders.bundle, "-o", target).code == 0
    assert tree_of(target) == NEW


def test_a_reference_behind_all_that_is_there_is_refused(folders: Folders) -> None:
    def far(blocks: list[Tree]) -> list[Tree]:
        moves = next(parts(parts(one)[MOVES]) for one in blocks if parts(parts(one)[MOVES]))
        moves[0] = number(moves[0]) + (1 << 40)
        return blocks

    forge(folders, far)
    assert "refers to what is not there" in refused(folders)


def test_slices_of_all_blocks_are_counted_before_one_is_made(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []

    def watched(codec: int, payload: bytes, references: bytes, size: int) -> memoryview:
        decoded.append(size)
        return decode_block(codec, payload, references, size)

    monkeypatch.setattr(applying, "decode_block", watched)
    refusals: list[int] = []
    for limit in range(99):
        monkeypatch.setattr("core.bundle.index.MAX_ENTRIES", limit)
        decoded.clear()
        try:
            applying.apply_bundle(folders.old, folders.bundle, folders.made)
        except RefusedError:
            refusals.append(len(decoded))
        else:
            break
    assert tree_of(folders.made) == NEW
    # Of what is refused the list alone was read, or not even that.
    assert set(refusals) == {0, 1}
    assert len(decoded) > 2


def test_a_stream_that_is_deflated_otherwise_is_refused(run: Run, tmp_path: Path) -> None:
    folders = Folders(run, tmp_path)
    folders.carried({}, {"b.docx": zip_of({"x.xml": prose(2, 5000)})})
    shutil.rmtree(folders.made)

    def other_level(blocks: list[Tree]) -> list[Tree]:
        expanded = parts(blocks[1])[PAYLOAD]
        recipe = parts(parts(parts(expanded)[3])[0])
        assert recipe[LEVELS] == bytes([6])
        told = [*recipe[:LEVELS], bytes([1]), *recipe[LEVELS + 1 :]]
        inner = Node("deflated", [Node("recipe", told), parts(parts(expanded)[3])[1]])
        parts(blocks[1])[PAYLOAD] = Node("expanded", [*parts(expanded)[:3], inner])
        return blocks

    forge(folders, other_level)
    ran = run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 12
    assert "A block of the bundle is damaged" in ran.err
    assert not folders.made.exists()


@pytest.mark.parametrize("place", [0, 4000, -1])
def test_an_old_folder_that_differs_in_one_byte_is_refused(folders: Folders, place: int) -> None:
    text = bytearray(OLD["a.txt"])
    text[place] ^= 1
    (folders.old / "a.txt").write_bytes(text)
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 12
    assert "is not the folder that x.bundle was made from" in ran.err
    assert not folders.made.exists()


def test_terabytes_that_are_promised_find_no_room(run: Run, tmp_path: Path) -> None:
    folders = Folders(run, tmp_path)
    with (planted(folders.old, {}) / "film.mp4").open("wb") as file:
        file.truncate(200_000_000)
    rows = read_folder(folders.old).rows
    # The same file under many names: few bytes in the bundle.
    tree = Node("bundle", ["", 0, 0, 0, root_of(rows) + bytes(32), 0, [], [many(20_000)], b""])
    folders.bundle.write_bytes(from_bundle(tree, Rows(rows).text))
    assert folders.bundle.stat().st_size < 100_000
    ran = run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 13
    assert "The new folder needs 4.0 TB" in ran.err
    assert not folders.made.exists()


def many(times: int) -> Tree:
    """Give the block that tells of the only old file that it has so many names."""
    copies: list[Tree] = [0, 0, *([0, unsigned(-1)] * (times - 1))]
    words: list[Tree] = ["", *(f"{n}.mp4" for n in range(times)), ""]
    body = Node("listing", [[], b"", b"", b"", copies, [0] * times, words, [1], b""])
    return Node("block", [1, 0, 0, [], Node("zstd", [Node("listed", [[], b"", b"", body])])])


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    try:
        with disk_of(tmp_path / "disk", "size=2m") as place:
            yield place
    except CannotMountError as error:
        pytest.skip(str(error))


def test_a_disk_that_becomes_full_under_a_diff_keeps_the_older_bundle(
    run: Run, tmp_path: Path, small: Path
) -> None:
    planted(tmp_path / "old", OLD)
    planted(tmp_path / "new", {**NEW, "more": NOISE[:3_000_000] + prose(1, 90_000)})
    (small / "x.bundle").write_bytes(b"older")
    ran = run("pack", "diff", tmp_path / "old", tmp_path / "new", "-o", small / "x.bundle")
    assert ran.code == 13
    assert f"There is no space left for {small / 'x.bundle'}" in ran.err
    assert tree_of(small) == {"x.bundle": b"older"}


def test_a_disk_that_becomes_full_under_an_apply_is_left_as_it_was(
    folders: Folders, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", small / "made")
    assert ran.code == 13
    assert "The new folder needs" in ran.err
    # Room that somebody else takes meanwhile.
    usage = shutil.disk_usage(folders.place)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 40))
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", small / "made")
    assert ran.code == 13
    assert "There is no space left for" in ran.err
    assert tree_of(small) == {}


def test_a_disk_that_takes_no_more_files_is_left_as_it_was(
    folders: Folders, tmp_path: Path
) -> None:
    try:
        with disk_of(tmp_path / "disk", "size=9m,nr_inodes=4") as place:
            ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", place / "made")
            assert ran.code == 13
            assert "There is no space left for" in ran.err
            assert tree_of(place) == {}
    except CannotMountError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 1500 + "a"])
def test_names_that_no_disk_takes_are_refused(folders: Folders, name: str) -> None:
    rename(folders, name)
    said = refused(folders, 2 if "/" not in name else 12)
    assert "cannot be made" in said or "does not make what" in said


@pytest.mark.parametrize("depth", [200, 201])
def test_a_path_of_a_bundle_leads_at_most_200_folders_deep(folders: Folders, depth: int) -> None:
    name = "d/" * depth + "film.mp4"
    rename(folders, name)
    if depth > 200:
        assert "does not make what it was made for" in refused(folders)
    else:
        assert folders.applied() == 0
        assert tree_of(folders.made) == {
            name if path == "film.mp4" else path: data for path, data in NEW.items()
        }


def rename(folders: Folders, name: str) -> None:
    """Let a bundle give the film another name, and be right otherwise."""
    text = text_of(folders.old)
    tree = bundle_apart(folders.bundle.read_bytes(), text)
    listing = parts(parts(parts(parts(parts(tree)[-2])[0])[PAYLOAD])[0])[-1]
    words = parts(parts(listing)[6])
    words[words.index("film.mp4")] = name
    assert isinstance(listing, Node)
    fresh = Node("listing", [*listing.parts])
    block = Node("block", [1, 0, 0, [], Node("zstd", [Node("listed", [[0, 0], b"", b"", fresh])])])
    *first, blocks, behind = parts(tree)
    rows = [
        row._replace(path=name) if row.path == "film.mp4" else row
        for row in read_folder(folders.new).rows
    ]
    first[ROOTS] = root_of(read_folder(folders.old).rows) + root_of(sorted(rows))
    folders.bundle.write_bytes(
        from_bundle(Node("bundle", [*first, [block, *parts(blocks)[1:]], behind]), text)
    )


@pytest.mark.parametrize("name", ["a\\b", "C:x", "nul.txt", "tab\there"])
def test_names_that_only_this_computer_can_have_come(run: Run, tmp_path: Path, name: str) -> None:
    made = Folders(run, tmp_path)
    made.carried({"a": b"a"}, {"a": b"b", name: b"c", "empty": None})


@pytest.mark.parametrize("old", [{}, {"a": None}, {"a": b""}, {"a": b"x"}])
@pytest.mark.parametrize("new", [{"a": None}, {"a": b"", "b": None}, {"a": None, "b": b""}])
def test_empty_files_and_folders_change_into_each_other(
    run: Run, tmp_path: Path, old: dict[str, bytes | None], new: dict[str, bytes | None]
) -> None:
    Folders(run, tmp_path).carried(old, new)
