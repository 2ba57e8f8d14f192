"""Packs with videos, published, built again, and built on another machine."""

import shutil
from pathlib import Path

import pytest

from core.digest import Digest, digest_of
from core.manifest import Manifest
from core.names import PackId
from core.release import Release, bundle_path, decode_release, release_path
from tests.support.rebuild import Blobs, manifest_in, rebuild, tree_of
from tests.support.renditions import make_source
from tests.support.tiny_repository import TinyRepository
from tests.unit.packager.conftest import Ran, Run, fill

TOML = 'id = "demo/county/fish"\n'
ID = PackId("demo/county/fish")


@pytest.fixture(scope="module")
def video() -> bytes:
    return make_source(6, size=(320, 256))


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    return TinyRepository(tmp_path / "hub")


def publish(run: Run, folder: Path, tiny: TinyRepository, *more: object) -> Ran:
    target = ("--repository", tiny.directory, "--key", tiny.publisher_key_file)
    ran = run("pack", "publish", folder, *target, "--wait", 0, "--level", 1, "--json", *more)
    tiny.sequence()
    return ran


def published(tiny: TinyRepository) -> Release:
    target = tiny.role.targets[ID]
    path = release_path(ID, Digest(target.hashes["sha256"]))
    return decode_release((tiny.directory / path).read_bytes())


def fetch(tiny: TinyRepository, base: int, held: Blobs) -> tuple[Manifest, Blobs]:
    release = published(tiny)
    link = next(link for link in release.bundles if link.base == base)
    bundle = (tiny.directory / bundle_path(link.index)).read_bytes()
    blobs = {**held, **rebuild(bundle, link, release, held)}
    return manifest_in(release, blobs), blobs


def encoded(folder: Path, source: bytes) -> set[str]:
    """Give the digests of the videos that a workspace holds besides their source."""
    blobs = (folder / ".packhorse/blobs").glob("*/*")
    found = {path.name for path in blobs if path.read_bytes()[4:8] == b"ftyp"}
    return found - {digest_of(source)}


def test_a_video_gives_way_to_its_renditions(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes
) -> None:
    files: dict[str, bytes | str] = {"1 鱼.mp4": video, "1 鱼.zh.vtt": "WEBVTT\n", "2.txt": "fish"}
    folder = fill(tmp_path / "course", files, TOML)
    ran = publish(run, folder, tiny)
    assert (ran.code, ran.data["warnings"]) == (3, [])
    manifest, blobs = fetch(tiny, 0, {})
    assert len(encoded(folder, video)) == 3
    item = manifest.items[0]
    assert [one.name for one in item.renditions] == ["256p", "240p", "audio"]
    assert (item.kind, item.entry) == ("video", "1 鱼.256p.mp4")
    assert item.paths == [
        "1 鱼.256p.mp4", "1 鱼.240p.mp4", "1 鱼.audio.mp4", "1 鱼.audio/", "1 鱼.zh.vtt",
    ]  # fmt: skip
    assert sorted(tree_of(manifest, blobs)) == [
        *("1 鱼.240p.mp4", "1 鱼.256p.mp4", "1 鱼.audio.mp4", "1 鱼.audio/0001.jpg"),
        *("1 鱼.zh.vtt", "2.txt"),
    ]
    assert {one.source for one in item.renditions} == {digest_of(video)}
    assert digest_of(video) not in manifest.digests()
    # The source was not copied.
    assert not list((folder / ".packhorse/blobs").glob(f"*/{digest_of(video)}"))
    assert not list((folder / ".packhorse/staging").glob("media-*"))


def test_another_machine_sends_no_media_again(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "course", {"1.mp4": video, "2.txt": "fish"}, TOML)
    publish(run, folder, tiny)
    first, held = fetch(tiny, 0, {})

    other = tmp_path / "other"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns(".packhorse"))
    (other / "pack.toml").write_text(TOML + '[[item]]\npath = "1.mp4"\ntitle = "Fish"\n')
    # No decoder can run there at all.
    monkeypatch.setattr("packager.media.children.WORKER", "no.such.module")
    ran = publish(run, other, tiny)
    assert (ran.code, ran.data["version"], ran.data["warnings"]) == (3, 2, [])

    second, _ = fetch(tiny, 1, held)
    assert second.items[0].title == {"en": "Fish"}
    assert second.digests() == first.digests()
    delta = next(link for link in published(tiny).bundles if link.base == 1)
    # Its head tells the manifest, and there is nothing else.
    assert delta.length == delta.index_length
    full, blobs = fetch(tiny, 0, {})
    assert full == second
    assert tree_of(full, blobs) == tree_of(first, held)


def test_nothing_is_fetched_where_nothing_is_new(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "course", {"1.mp4": video}, TOML)
    publish(run, folder, tiny)
    shutil.rmtree(folder / ".packhorse")
    monkeypatch.setattr("packager.media.children.WORKER", "no.such.module")
    ran = publish(run, folder, tiny)
    assert (ran.code, ran.data["nothing_to_publish"]) == (0, True)
    blobs = list((folder / ".packhorse/blobs").glob("*/*"))
    assert [path.name for path in blobs] == [published(tiny).manifest]


def test_a_new_wish_makes_only_what_is_missing(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes
) -> None:
    folder = fill(tmp_path / "course", {"1.mp4": video}, TOML + 'renditions = ["best"]\n')
    publish(run, folder, tiny)
    first, _ = fetch(tiny, 0, {})
    assert [one.name for one in first.items[0].renditions] == ["256p"]
    (folder / "pack.toml").write_text(TOML)
    shutil.rmtree(folder / ".packhorse")
    publish(run, folder, tiny)
    second, _ = fetch(tiny, 0, {})
    assert [one.name for one in second.items[0].renditions] == ["256p", "240p", "audio"]
    assert second.items[0].renditions[0] == first.items[0].renditions[0]


def test_a_video_that_a_page_needs_and_one_without_wishes_stay(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes
) -> None:
    toml = TOML + '[[item]]\npath = "plain.avi"\nrenditions = []\n'
    files: dict[str, bytes | str] = {
        "page/index.html": "<video src=a.mp4>",
        "page/a.mp4": video,
        "plain.avi": video,
    }
    folder = fill(tmp_path / "course", files, toml)
    publish(run, folder, tiny)
    manifest, blobs = fetch(tiny, 0, {})
    assert sorted(tree_of(manifest, blobs)) == ["page/a.mp4", "page/index.html", "plain.avi"]
    assert [(one.kind, one.renditions) for one in manifest.items] == [
        ("document", []), ("html", []),
    ]  # fmt: skip


def test_what_is_no_video_is_packed_as_it_is_and_the_others_go_on(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes
) -> None:
    files = {"1.mp4": video, "2.mp4": b"no video" * 1000, "3.mkv": b"", "4.mp4": video[:9000]}
    folder = fill(tmp_path / "course", files, TOML + 'renditions = ["best"]\n')
    checked = run("pack", "check", folder, "--json")
    assert checked.code == 3
    named = [one["path"] for one in checked.data["warnings"]]
    assert named == ["2.mp4", "3.mkv", "4.mp4"]
    assert [one["renditions"] for one in checked.data["items"]] == [["256p"], [], [], []]
    ran = publish(run, folder, tiny)
    assert (ran.code, [one["path"] for one in ran.data["warnings"]]) == (3, named)
    assert "warning: 2.mp4 is not a video" in ran.err
    assert "warning: 3.mkv is empty." in ran.err
    manifest, blobs = fetch(tiny, 0, {})
    tree = tree_of(manifest, blobs)
    assert {path: tree.get(path) for path in named} == {path: files[path] for path in named}
    assert [one.kind for one in manifest.items] == ["video", "video", "document", "video"]
    # Known from then on.
    again = publish(run, folder, tiny)
    assert [one["path"] for one in again.data["warnings"]] == named


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("1.mp4", "1.256p.mp4"), "1.256p.mp4 has the name that a rendition of 1.mp4 is to have"),
        (("1.mp4", "1.MOV"), "differ in their endings alone"),
    ],
)
def test_names_that_are_taken(
    run: Run, tmp_path: Path, video: bytes, files: tuple[str, ...], words: str
) -> None:
    toml = TOML + 'renditions = ["best"]\n[[item]]\npath = "1.256p.mp4"\nrenditions = []\n'
    toml = toml if "1.256p.mp4" in files else TOML + 'renditions = ["best"]\n'
    folder = fill(tmp_path / "course", dict.fromkeys(files, video), toml)
    # Before anything is encoded.
    for command in (("check", folder), ("build", folder, "--level", 1)):
        ran = run("pack", *command)
        assert ran.code == 2
        assert words in ran.err
    assert not encoded(folder, video)


def test_cues_behind_the_end_of_a_video(run: Run, tmp_path: Path, video: bytes) -> None:
    files: dict[str, bytes | str] = {
        "1.mp4": video,
        "1.cues.txt": "0:03 pause\n0:07 question Why?\n",
    }
    folder = fill(tmp_path / "course", files, TOML)
    for command in ("check", "build"):
        ran = run("pack", command, folder)
        assert ran.code == 2
        assert "1.cues.txt" in ran.err
    assert not encoded(folder, video)


def test_an_assignment_of_some_renditions_costs_those_alone(
    run: Run, tmp_path: Path, tiny: TinyRepository, video: bytes
) -> None:
    folder = fill(tmp_path / "course", {"1.mp4": video, "2.txt": "fish"}, TOML)
    publish(run, folder, tiny)
    manifest, _ = fetch(tiny, 0, {})
    sizes = {file.path: file.size for file in manifest.files}
    (low,) = (one for one in manifest.items[0].renditions if one.name == "240p")
    table = tmp_path / "table.csv"
    table.write_text(f"group,schools,pack,renditions\nislands,s1,{ID},240p\n")
    ran = run(
        *("pack", "assign", table, "--repository", tiny.directory),
        *("--key", tiny.publisher_key_file, "--dry-run", "--json"),
    )
    (change,) = ran.data["changes"]
    (one,) = change["changed"]
    assert one["bytes"] == low.size + sizes["2.txt"] < sum(sizes.values())


def test_a_video_that_changes_while_it_is_looked_at_is_not_remembered(
    run: Run, tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "course", {"1.mp4": video}, TOML + 'renditions = ["best"]\n')
    (tmp_path / "program.py").write_text(
        f"open({str(folder / '1.mp4')!r}, 'ab').write(b'more')\n"
        "from packager.media.worker import main\n"
        "main()\n"
    )
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        patch.setattr("packager.media.children.WORKER", "program")
        ran = run("pack", "build", folder, "--level", 1)
    assert (ran.code, "1.mp4 changed while it was being read" in ran.err) == (2, True)
    assert not list((folder / ".packhorse/renditions").iterdir())


def test_stills_count_among_the_files_of_a_pack(
    run: Run, tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packager.manifests.MAX_FILES", 1)
    folder = fill(tmp_path / "course", {"1.mp4": video}, TOML + 'renditions = ["audio"]\n')
    ran = run("pack", "build", folder, "--level", 1)
    assert (ran.code, "too many files" in ran.err) == (2, True)
