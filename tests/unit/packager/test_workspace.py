from pathlib import Path

from packager.workspace import Workspace
from tests.support.packing import build, tools_in, write_tree


def names(place: Path) -> set[str]:
    return {path.name for path in place.glob("*/*")}


def test_what_is_too_old_is_forgotten_with_all_that_only_it_named(tmp_path: Path) -> None:
    tools = tools_in(tmp_path / "work")
    manifests = []
    for version in range(1, 6):
        write_tree(tmp_path / "c", {"a.txt": b"%d" % version, "b.txt": b"always"})
        manifests.append(build(tmp_path / "c", tools, version, []).manifest)
    tools.workspace.prune(2)
    assert [known.version for known in tools.workspace.versions()] == [5, 4]
    wanted = {digest for manifest in manifests[3:] for digest in manifest.digests()}
    wanted |= {known.manifest for known in tools.workspace.versions()}
    assert names(tools.workspace.place / "blobs") == wanted
    assert len(tools.workspace.all_built()) == 2
    assert len(names(tools.workspace.place / "bundles")) == 2


def test_bundles_of_a_folder_that_was_edited_since_are_forgotten(tmp_path: Path) -> None:
    tools = tools_in(tmp_path / "work")
    write_tree(tmp_path / "c", {"a.txt": b"1"})
    one = build(tmp_path / "c", tools, 1, []).manifest
    for text in (b"2", b"3"):
        write_tree(tmp_path / "c", {"a.txt": text})
        build(tmp_path / "c", tools, 2, [one])
    assert [(b.version, b.link.base) for b in tools.workspace.all_built() if not b.link.base] == [
        (2, 0),
        (1, 0),
    ]
    assert len(names(tools.workspace.place / "bundles")) == 3


def test_a_published_version_stays_known_as_such(tmp_path: Path) -> None:
    tools = tools_in(tmp_path / "work")
    write_tree(tmp_path / "c", {"a.txt": b"a"})
    manifest = build(tmp_path / "c", tools, 1, []).manifest
    assert not tools.workspace.remember(manifest, published=False).published
    assert tools.workspace.remember(manifest, published=True).published
    assert tools.workspace.remember(manifest, published=False).published


def test_damaged_records_count_as_missing(tmp_path: Path) -> None:
    tools = tools_in(tmp_path / "work")
    write_tree(tmp_path / "c", {"a.txt": b"a"})
    made = build(tmp_path / "c", tools, 1, [])
    for path in tools.workspace.place.rglob("*.json"):
        path.write_bytes(b"{")
    (tools.workspace.place / "files.msgpack").write_bytes(b"\xff")
    fresh = Workspace(tools.workspace.place)
    assert fresh.versions() == []
    assert fresh.all_built() == []
    assert fresh.seen_files() == {}
    again = build(tmp_path / "c", tools_in(fresh.place), 1, [])
    assert again.bundles[0].link == made.bundles[0].link


def test_killed_work_is_swept(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    workspace.staging("bundle").write_bytes(b"half")
    with workspace.lock():
        assert not workspace.staging("bundle").exists()
