import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from cache import manifest_list
from cache.blobs import BlobStore
from cache.catalogue_files import open_catalogue
from cache.catalogue_reader import CatalogueReader
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import NoStateError, RefusedError, UnavailableError, UsageError
from tests.support.nodes import activate, damage_file, make_state, opened
from tests.support.packs import make_manifest

PACK = "gd/zhuhai/math"


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


@pytest.fixture
def blobs(state: StateDirectory) -> BlobStore:
    return BlobStore(state.blobs)


@pytest.fixture
def reader(state: StateDirectory) -> CatalogueReader:
    return CatalogueReader(state.catalogue)


def test_a_reader_finds_nothing_where_nothing_is_yet(reader: CatalogueReader) -> None:
    assert reader.packs() == []
    assert reader.pack(PACK) is None
    assert reader.item(PACK, "a") is None
    assert reader.file(PACK, "a", "a") is None
    assert reader.digest_served("0" * 64) is None


def test_the_manifest_must_be_durable_before_it_is_activated(state: StateDirectory) -> None:
    manifest, data = make_manifest({"a": b"1"})
    with opened(state) as catalogue, pytest.raises(ValueError, match=digest_of(data)):
        catalogue.activate_manifest(manifest, digest_of(data), BlobStore(state.blobs).has)


def test_an_item_is_listed_before_it_is_here_with_what_it_lacks(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a/1": b"11", "a/2": b"222"}, {"a": ["a/"]}))
        item = reader.item(PACK, "a")
        assert item is not None
        assert (item.is_served, item.size, item.missing) == (False, 5, 5)
        assert item.title == {"zh": "第a课"}
        assert catalogue.blob_arrived(blobs.add(b"11")) == []
        ready = catalogue.blob_arrived(blobs.add(b"222"))
    assert [(one.pack, one.item, one.version) for one in ready] == [(PACK, "a", 1)]
    item = reader.item(PACK, "a")
    assert item is not None
    assert (item.version, item.missing) == (1, 0)
    file = reader.file(PACK, "a", "a/2")
    assert file is not None
    assert (file.digest, file.size, file.type) == (
        digest_of(b"222"),
        3,
        "text/plain; charset=utf-8",
    )
    assert reader.digest_served(file.digest) == file.type


def test_the_kept_list_of_packs_follows_every_change(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    assert reader.packs() == []
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"1", "b": b"2"}))
        assert [one.served for one in reader.packs()] == [0]
        reader.packs().clear()
        catalogue.blob_arrived(blobs.add(b"1"))
        assert [one.served for one in reader.packs()] == [1]
        catalogue.blobs_lost([digest_of(b"1")])
        assert [one.served for one in reader.packs()] == [0]


def test_a_part_of_a_pack_and_an_items_neighbours_can_be_asked_for(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    assert not reader.has_packs()
    assert reader.around(PACK, "item-0") == []
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({f"f{n}": b"%d" % n for n in range(5)}))
    assert reader.has_packs()
    assert [one.id for one in reader.items(PACK, 1, 2)] == ["item-1", "item-2"]
    assert [one.id for one in reader.items(PACK, 4, 9)] == ["item-4"]
    for item, expected in (("0", "01"), ("2", "123"), ("4", "34"), ("9", "")):
        found = reader.around(PACK, f"item-{item}")
        assert [one.id[5:] for one in found] == list(expected)


def test_an_empty_file_is_a_blob_like_any_other(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b""}))
        assert not reader.items(PACK)[0].is_served
        catalogue.blob_arrived(blobs.add(b""))
    assert reader.items(PACK)[0].is_served


def test_the_old_version_serves_until_the_new_item_is_whole(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    for content in (b"old", b"same"):
        blobs.add(content)
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"old", "b": b"same"}))
        activate(state, catalogue, make_manifest({"a": b"new", "b": b"same"}, version=2))
        assert [(one.version, one.newest) for one in reader.items(PACK)] == [(1, 2), (2, 2)]
        assert [one.digest for one in reader.files(PACK, "item-0")] == [digest_of(b"old")]
        assert catalogue.drop_unneeded() == []
        catalogue.blob_arrived(blobs.add(b"new"))
        assert [one.digest for one in reader.files(PACK, "item-0")] == [digest_of(b"new")]
        assert digest_of(b"old") in catalogue.drop_unneeded()
        assert reader.digest_served(digest_of(b"old")) is None


def test_what_the_newest_version_no_longer_lists_is_not_served(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    blobs.add(b"a")
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"a", "b": b"a"}, {"x": ["a"], "y": ["b"]}))
        activate(state, catalogue, make_manifest({"a": b"a"}, {"x": ["a"]}, version=2))
    assert [one.id for one in reader.items(PACK)] == ["x"]
    assert reader.files(PACK, "y") == []


def test_a_publisher_may_go_back_to_an_older_version(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    blobs.add(b"1")
    blobs.add(b"2")
    one, two = make_manifest({"a": b"1"}), make_manifest({"a": b"2"}, version=2)
    with opened(state) as catalogue:
        for made in (one, two, one):
            activate(state, catalogue, made)
        assert catalogue.manifests() == [digest_of(two[1]), digest_of(one[1])]
    assert reader.items(PACK)[0].version == 1


def test_the_last_whole_version_stays_as_a_base_for_deltas(
    state: StateDirectory, blobs: BlobStore
) -> None:
    blobs.add(b"1")
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"1"}, {"gone": ["a"]}))
        activate(state, catalogue, make_manifest({"b": b"2"}, {"new": ["b"]}, version=2))
        assert catalogue.drop_unneeded() == []
        catalogue.blob_arrived(blobs.add(b"2"))
        assert digest_of(b"1") in catalogue.drop_unneeded()


def test_a_blob_that_another_pack_needs_is_not_dropped(
    state: StateDirectory, blobs: BlobStore
) -> None:
    blobs.add(b"shared")
    blobs.add(b"new")
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"shared"}))
        activate(state, catalogue, make_manifest({"a": b"shared"}, pack="cn/-/other"))
        activate(state, catalogue, make_manifest({"a": b"new"}, version=2))
        assert digest_of(b"shared") not in catalogue.drop_unneeded()


def test_a_reader_follows_to_a_rebuilt_catalogue(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    blobs.add(b"1")
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"1"}))
    before = reader.packs()
    damaged = state.catalogue.resolve()
    damaged.write_bytes(b"\xff" * 9000)
    result = open_catalogue(state)
    with closing(result.catalogue):
        assert result.rebuilt is not None
        assert "damaged" in result.rebuilt.reason
        assert reader.packs() == before
        assert state.catalogue.resolve() != damaged
        assert (state.quarantine / damaged.name).read_bytes() == b"\xff" * 9000


def test_a_reader_of_a_damaged_catalogue_says_so_and_comes_back(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": b"1"}))
    good = state.catalogue.resolve().read_bytes()
    damage_file(state.catalogue.resolve())
    with pytest.raises(UnavailableError, match="is being repaired"):
        reader.packs()
    state.catalogue.resolve().write_bytes(good)
    assert len(reader.packs()) == 1


def test_a_manifest_that_is_lost_costs_its_own_pack_only(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    with opened(state) as catalogue:
        lost = activate(state, catalogue, make_manifest({"a": b"1"}))
        activate(state, catalogue, make_manifest({"a": b"1"}, pack="cn/-/other"))
    blobs.remove(lost)
    state.catalogue.resolve().write_bytes(b"x" * 5000)
    result = open_catalogue(state)
    result.catalogue.close()
    assert result.rebuilt is not None
    assert list(result.rebuilt.lost) == [lost]
    assert [one.id for one in reader.packs()] == ["cn/-/other"]
    assert lost not in manifest_list.read_list(state.manifests).manifests


def test_a_damaged_list_of_manifests_is_written_anew(state: StateDirectory) -> None:
    with opened(state) as catalogue:
        digest = activate(state, catalogue, make_manifest({"a": b"1"}))
    state.manifests.write_bytes(b"{")
    with pytest.raises(RefusedError, match=r"manifests\.json"):
        manifest_list.read_list(state.manifests)
    with opened(state):
        assert manifest_list.read_list(state.manifests).manifests == [digest]


def test_old_catalogues_in_quarantine_are_thinned_out(state: StateDirectory) -> None:
    for _ in range(6):
        with opened(state):
            pass
        state.catalogue.resolve().write_bytes(b"x" * 5000)
    with opened(state):
        pass
    kept = sorted(path.name for path in state.quarantine.iterdir())
    assert kept == ["catalogue-4.db", "catalogue-5.db", "catalogue-6.db"]


def test_an_unfinished_rebuild_is_dropped(state: StateDirectory) -> None:
    with opened(state):
        pass
    (state.root / "catalogue-7.db").write_bytes(b"half")
    with opened(state):
        pass
    assert not (state.root / "catalogue-7.db").exists()
    assert not state.quarantine.exists()


def test_a_catalogue_of_a_newer_release_is_refused(state: StateDirectory) -> None:
    with opened(state):
        pass
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        name = "from the future"
        row = (name, zlib.crc32(name.encode()))
        connection.execute("INSERT INTO migration VALUES (?, ?)", row)
    with pytest.raises(UsageError, match="newer Packhorse"), opened(state):
        pass


def test_the_portal_may_read_while_the_agent_writes(
    state: StateDirectory, blobs: BlobStore, reader: CatalogueReader
) -> None:
    contents = [b"%d" % number for number in range(30)]
    files = {f"f{number:02d}": content for number, content in enumerate(contents)}
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest(files))
        for number, content in enumerate(contents, 1):
            catalogue.blob_arrived(blobs.add(content))
            assert sum(one.is_served for one in reader.items(PACK)) == number


def test_a_directory_without_a_node_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(NoStateError, match="There is no node") as caught:
        StateDirectory(tmp_path / "nothing").require()
    assert "Enrol" in caught.value.hint
