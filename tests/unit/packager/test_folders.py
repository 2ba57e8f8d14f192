"""``packhorse pack diff`` and ``packhorse pack apply``, on folders as people have them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from core.bundle.codecs import EXPANDED, PATCH, ZSTD
from core.bundle.compact import CompactIndex
from core.bundle.frame import FRAME_BYTES, decode_compact_head, head_bytes
from packager.folders import applying
from packager.folders.reading import Folder, read_folder
from tests.support.archives import pdf_of, png_of, prose, zip_of
from tests.unit.packager.conftest import Run

Tree = Mapping[str, bytes | None]
"""Contents by path; None for an empty folder."""


def planted(place: Path, tree: Tree) -> Path:
    """Make a folder."""
    place.mkdir(parents=True)
    for path, data in tree.items():
        target = place / path
        if data is None:
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return place


def tree_of(place: Path) -> dict[str, bytes | None]:
    """Read a folder."""
    tree: dict[str, bytes | None] = {}
    for found in place.rglob("*"):
        path = found.relative_to(place).as_posix()
        if found.is_file():
            tree[path] = found.read_bytes()
        elif not any(found.iterdir()):
            tree[path] = None
    return tree


def index_of(bundle: Path) -> CompactIndex:
    data = bundle.read_bytes()
    return decode_compact_head(data[: head_bytes(data[:FRAME_BYTES])])[0]


class Folders:
    """Two folders and what goes between them."""

    def __init__(self, run: Run, place: Path) -> None:
        self.run, self.place = run, place
        self.old, self.new = place / "old", place / "new"
        self.bundle, self.made = place / "x.bundle", place / "made"

    def carried(self, old: Tree, new: Tree) -> int:
        """Carry one folder into the other; give the bundle's bytes."""
        planted(self.old, old)
        planted(self.new, new)
        told = self.run("pack", "diff", self.old, self.new, "-o", self.bundle, "--json")
        assert told.code == 0, told.err
        size = self.bundle.stat().st_size
        assert told.data["bytes"] == size
        assert self.applied() == 0
        assert tree_of(self.made) == new
        assert tree_of(self.old) == old
        return size

    def applied(self) -> int:
        """Apply the bundle; give the exit code."""
        return self.run("pack", "apply", self.old, self.bundle, "-o", self.made).code


@pytest.fixture
def folders(run: Run, tmp_path: Path) -> Folders:
    return Folders(run, tmp_path)


TEXT = prose(1, 40_000)
EDITED = TEXT[:9000] + b"something else" + TEXT[9500:]


def test_all_that_a_folder_has_comes(folders: Folders) -> None:
    old: Tree = {
        "same.txt": TEXT,
        "edited.html": TEXT,
        "gone.txt": b"gone",
        "old name/a.bin": Random(1).randbytes(5000),
        "was empty": None,
        "empty.txt": b"",
        "was a file": b"x",
        "was/a folder/with": b"y",
    }
    new: Tree = {
        "same.txt": TEXT,
        "edited.html": EDITED,
        "new name/b.bin": Random(1).randbytes(5000),
        "and again.bin": Random(1).randbytes(5000),
        "empty.txt": b"",
        "also empty.txt": b"",
        "empty/folder": None,
        "was empty/not": b"any more",
        "was a file/now": b"a folder",
        "was": b"now a file",
        ".hidden/课 文.txt": "第一课".encode(),
        "twice/1": EDITED[::-1],
        "twice/2": EDITED[::-1],
    }
    folders.carried(old, new)


@pytest.mark.parametrize(("old", "new"), [({}, {}), ({}, {"a": b"b"}), ({"a": b"b"}, {})])
def test_empty_folders_come(folders: Folders, old: Tree, new: Tree) -> None:
    assert folders.carried(old, new) < 300


def test_an_edit_costs_about_the_edit(folders: Folders) -> None:
    assert folders.carried({"a.html": TEXT}, {"a.html": EDITED}) < 350


def test_moved_and_renamed_files_cost_their_names(folders: Folders) -> None:
    chance = Random(2)
    old = {f"unit {n}/lesson.bin": chance.randbytes(20_000) for n in range(50)}
    new = {f"chapter/{path}": data for path, data in old.items()}
    assert folders.carried(old, new) < 1000


def test_a_moved_and_edited_file_is_found(folders: Folders) -> None:
    chance = Random(3)
    old = {f"{n}.dat": chance.randbytes(60_000) for n in range(20)}
    text = old["7.dat"]
    new = {**old, "elsewhere/new.bin": text[:30_000] + b"!" + text[30_100:]}
    del new["7.dat"]
    assert folders.carried(old, new) < 1000


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.docx", lambda text: zip_of({"word/a.xml": text, "word/b.xml": TEXT})),
        ("a.pdf", lambda text: pdf_of([text, TEXT])),
        ("in.zip", lambda text: zip_of({"a.docx": zip_of({"a.xml": text})})),
    ],
)
def test_a_compressed_file_costs_about_its_edit(
    folders: Folders, name: str, make: Callable[[bytes], bytes]
) -> None:
    old, new = make(TEXT), make(EDITED)
    assert folders.carried({name: old}, {name: new}) < 600
    assert {block.codec & EXPANDED for block in index_of(folders.bundle).blocks[1:]} == {EXPANDED}


def test_an_old_file_that_inflates_to_much_in_another_one_is_read(folders: Folders) -> None:
    # Each stream alone is small enough to be taken apart; what the outer one comes to is not.
    inner = zip_of({f"{n}.xml": prose(n, 300_000) * 20 for n in range(2)}, 1)
    folders.carried({"course.zip": zip_of({"deck.pptx": inner}, 1)}, {"a.txt": TEXT})


def many_members(text: bytes) -> bytes:
    return zip_of({f"{n:x}": b"%08d" % n * 5 for n in range(66_000)} | {"text": text})


def many_streams(text: bytes) -> bytes:
    return pdf_of([b"%08d" % n * 5 for n in range(66_000)] + [text])


def many_chunks(text: bytes) -> bytes:
    pictures = {f"{n}.png": png_of(n, 10_000, 8, 1) for n in range(9)}
    return zip_of({**pictures, "text": text}, stored=frozenset(pictures))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(many_members, marks=pytest.mark.slow),
        pytest.param(many_streams, marks=pytest.mark.slow),
        many_chunks,
    ],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "edited"])
def test_a_file_of_more_streams_than_a_recipe_can_name_comes(
    folders: Folders, make: Callable[[bytes], bytes], *, is_new: bool
) -> None:
    old = {} if is_new else {"a": make(b"before")}
    size = folders.carried(old, {"a": make(b"after")})
    assert is_new or size < 1000


def test_a_picture_s_change_is_found_beneath_its_compression(folders: Folders) -> None:
    old, new = png_of(1, 200, 150), png_of(1, 200, 151)
    assert folders.carried({"p.png": old}, {"p.png": new}) < 450


def test_scattered_changes_are_patched(folders: Folders) -> None:
    old = bytearray(Random(4).randbytes(300_000))
    new = bytearray(old)
    for at in range(0, len(new), 700):
        new[at] ^= 1
    assert folders.carried({"a.bin": bytes(old)}, {"a.bin": bytes(new)}) < 2000
    assert [block.codec for block in index_of(folders.bundle).blocks[1:]] == [PATCH]


def test_what_is_new_altogether_needs_no_references(folders: Folders) -> None:
    new = {f"{n}.txt": prose(n + 50, 3000) for n in range(5)}
    folders.carried({"a.bin": Random(5).randbytes(9000)}, new)
    blocks = index_of(folders.bundle).blocks[1:]
    assert [(block.codec, block.references) for block in blocks] == [(ZSTD, ())]


def test_a_large_file_is_divided(folders: Folders) -> None:
    old = Random(6).randbytes(20_000_000)
    new = old[:50] + b"a new title" + old[50:]
    assert folders.carried({"film.mp4": old}, {"film.mp4": new}) < 1500
    assert len(index_of(folders.bundle).blocks) == 3


def test_another_folder_is_refused_and_nothing_written(folders: Folders) -> None:
    folders.carried({"a": TEXT, "b": b"x"}, {"a": EDITED, "b": b"x"})
    other = folders.place / "other"
    for tree in ({"a": TEXT, "b": b"y"}, {"a": TEXT}, {"a": TEXT, "b": b"x", "c": b""}):
        planted(folders.old.with_name("wrong"), tree).rename(other)
        ran = folders.run("pack", "apply", other, folders.bundle, "-o", folders.place / "no")
        assert ran.code == 12
        assert "not the folder that x.bundle was made from" in ran.err
        assert not (folders.place / "no").exists()
        for path in sorted(other.rglob("*")):
            path.unlink()
        other.rmdir()


def test_a_taken_place_stays_as_it_is(folders: Folders) -> None:
    folders.carried({"a": TEXT}, {"a": EDITED})
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 2
    assert "is there already" in ran.err
    assert tree_of(folders.made) == {"a": EDITED}


def test_a_damaged_bundle_writes_nothing(folders: Folders) -> None:
    folders.carried({"a": TEXT, "b.zip": zip_of({"a": TEXT})}, {"a": EDITED, "b.zip": b"z" * 999})
    whole = folders.bundle.read_bytes()
    made = folders.place / "damaged"
    chance = Random(7)
    for _ in range(40):
        data = bytearray(whole)
        at = chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
        folders.bundle.write_bytes(data[: chance.choice([at, len(data)])])
        ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", made)
        assert ran.code == 12, ran.err
        assert sorted(one.name for one in folders.place.iterdir()) == [
            "made",
            "new",
            "old",
            "x.bundle",
        ]


@pytest.mark.parametrize("name", ["0-1.bundle", "1-2.bundle"])
def test_a_pack_s_bundle_is_not_for_folders(folders: Folders, name: str) -> None:
    bundle = Path(__file__).parents[2] / "golden" / "bundle-v2" / name
    ran = folders.run("pack", "apply", planted(folders.old, {}), bundle, "-o", folders.made)
    assert ran.code == 12
    assert "a pack's, not a folder's" in ran.err


def test_a_bundle_that_is_not_there_is_named(folders: Folders) -> None:
    planted(folders.old, {})
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 2
    assert "x.bundle is not there" in ran.err


def test_the_old_folder_is_no_place_for_the_new_one(folders: Folders) -> None:
    folders.carried({"a": TEXT}, {"a": EDITED})
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.old / "made")
    assert ran.code == 2
    assert "is in the old folder" in ran.err
    assert tree_of(folders.old) == {"a": TEXT}


def test_a_copy_is_proven_too(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    film = Random(8).randbytes(90_000)
    folders.carried({"a": TEXT, "film": film}, {"a": EDITED, "moved": film})

    def reading(folder: Path) -> Folder:
        found = read_folder(folder)
        (folder / "film").write_bytes(b"another one")
        return found

    monkeypatch.setattr(applying, "read_folder", reading)
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.place / "other")
    assert ran.code == 2
    assert "film changed" in ran.err
    assert not (folders.place / "other").exists()


def test_a_file_comes_that_is_200_folders_deep(folders: Folders) -> None:
    folders.carried({"d/" * 200 + "old": b"old"}, {"d/" * 200 + "new": b"new"})


@pytest.mark.parametrize("deep", ["d/" * 201 + "file", "d/" * 201 + "empty/"])
def test_what_is_201_folders_deep_cannot_be_carried(folders: Folders, deep: str) -> None:
    planted(folders.old, {})
    planted(folders.new, {deep: None if deep.endswith("/") else b"new"})
    ran = folders.run("pack", "diff", folders.old, folders.new, "-o", folders.bundle)
    assert ran.code == 2
    assert "lies more than 200 folders deep" in ran.err
    assert not folders.bundle.exists()


def test_links_cannot_be_carried(folders: Folders) -> None:
    planted(folders.old, {})
    planted(folders.new, {"a": b""})
    (folders.new / "link").symlink_to("a")
    ran = folders.run("pack", "diff", folders.old, folders.new, "-o", folders.bundle)
    assert ran.code == 2
    assert "link is neither a file nor a folder" in ran.err
    assert not folders.bundle.exists()


def test_names_are_printed_as_others_are(folders: Folders) -> None:
    planted(folders.old, {"a": TEXT})
    planted(folders.new, {"a": EDITED})
    bundle, made = folders.place / "b\n\x1b[31m", folders.place / "m\n\x1b[31m"
    diffed = folders.run("pack", "diff", folders.old, folders.new, "-o", bundle)
    assert diffed.out.startswith("b\\n\\x1b[31m: ")
    applied = folders.run("pack", "apply", folders.old, bundle, "-o", made)
    assert applied.out == f"{folders.place}/m\\n\\x1b[31m is made and proven: 1 file.\n"


@pytest.mark.parametrize("place", ["old/x.bundle", "new/sub/x.bundle", "nowhere/x.bundle"])
def test_a_bundle_has_a_place_of_its_own(folders: Folders, place: str) -> None:
    planted(folders.old, {"a": TEXT})
    planted(folders.new, {"a": EDITED, "sub": None})
    ran = folders.run("pack", "diff", folders.old, folders.new, "-o", folders.place / place)
    assert ran.code == 2
    assert "would lie in one of" in ran.err or "is not a folder" in ran.err
    assert tree_of(folders.place) == {"old/a": TEXT, "new/a": EDITED, "new/sub": None}


def test_what_differs_is_said_in_words(folders: Folders) -> None:
    planted(folders.old, {"a": TEXT, "b": b"b", "c": b"c", "d": b"d"})
    planted(folders.new, {"a": EDITED, "b": b"b", "moved/c": b"c", "e": b"e"})
    ran = folders.run("pack", "diff", folders.old, folders.new, "-o", folders.bundle)
    assert ran.code == 0
    assert "4 files: 1 added, 1 changed, 1 moved, 1 removed" in ran.out
    told = folders.run(
        "pack", "diff", folders.old, folders.new, "-o", folders.bundle, "--json"
    ).data
    words = ("files", "added", "changed", "moved", "removed")
    assert [told[word] for word in words] == [4, 1, 1, 1, 1]
    for rate in ("128 kbit/s", "256 kbit/s", "512 kbit/s", "2 Mbit/s"):
        assert rate in ran.out
