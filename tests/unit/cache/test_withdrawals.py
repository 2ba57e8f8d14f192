import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cache import failpoints, manifest_list
from cache.blobs import BlobStore
from cache.catalogue_files import open_catalogue
from cache.catalogue_reader import CatalogueReader
from cache.catalogue_schema import MIGRATIONS
from cache.check import check, repair
from cache.databases import open_writer
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import ExhaustedError
from core.withdrawal import Withdrawal
from tests.support.nodes import activate, damage_file, make_state, opened
from tests.support.packs import make_manifest

PACK = "gd/zhuhai/math"
AT = "2026-11-22T08:30:00Z"
FILES = {"a": b"first lesson", "b": b"second lesson"}
SLIP = Withdrawal(reason="a slip in the sum", at=AT, item="item-0")
WHOLE = Withdrawal(reason="all wrong", at=AT)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """Give a node with a pack of two lessons, both here."""
    made = make_state(tmp_path / "state")
    for data in FILES.values():
        BlobStore(made.blobs).add(data)
    with opened(made) as catalogue:
        activate(made, catalogue, make_manifest(FILES))
    return made


@pytest.fixture
def reader(state: StateDirectory) -> CatalogueReader:
    return CatalogueReader(state.catalogue)


def served(reader: CatalogueReader) -> list[str]:
    return [one.id for one in reader.items(PACK) if one.is_served]


def withdraw(state: StateDirectory, *ones: Withdrawal, pack: str = PACK) -> None:
    with opened(state) as catalogue:
        catalogue.withdraw(pack, list(ones))


def test_a_withdrawn_item_is_not_served_and_says_why(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    withdraw(state, SLIP)
    assert served(reader) == ["item-1"]
    assert reader.files(PACK, "item-0") == []
    assert reader.file(PACK, "item-0", "a") is None
    assert reader.digest_served(digest_of(FILES["a"])) is None
    assert reader.digest_served(digest_of(FILES["b"])) is not None
    item, pack = reader.item(PACK, "item-0"), reader.pack(PACK)
    assert item is not None
    assert pack is not None
    assert item.withdrawal == SLIP
    assert (pack.items, pack.available, pack.current, pack.withdrawal) == (2, 1, 1, None)
    assert [(one.item, one.is_withdrawn) for one in reader.search("课", 9)] == [
        ("item-0", True),
        ("item-1", False),
    ]


def test_it_comes_back_with_all_that_is_here(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    withdraw(state, SLIP)
    withdraw(state)
    assert served(reader) == ["item-0", "item-1"]
    assert reader.packs()[0].missing == 0


def test_two_withdrawals_of_the_same_are_one_and_change_nothing_again(
    state: StateDirectory,
) -> None:
    other = Withdrawal(reason="another reason", at=AT, item="item-0")
    with opened(state) as catalogue:
        assert catalogue.withdraw(PACK, [SLIP, other])
        assert catalogue.withdrawals() == {PACK: [other]}
        assert not catalogue.withdraw(PACK, [SLIP, other])


def test_a_whole_pack_is_withdrawn_with_its_reason(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    withdraw(state, WHOLE, SLIP)
    assert served(reader) == []
    pack = reader.packs()[0]
    assert (pack.withdrawal, pack.available, pack.served) == (WHOLE, 0, 0)
    assert [one.withdrawal for one in reader.items(PACK)] == [WHOLE, WHOLE]
    assert [(one.item, one.is_withdrawn) for one in reader.search("五年级", 9)] == [(None, True)]


def test_of_a_withdrawn_version_nothing_is_served_and_what_is_here_of_another_is(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    BlobStore(state.blobs).add(b"second lesson, worse")
    with opened(state) as catalogue:
        made = make_manifest({**FILES, "b": b"second lesson, worse"}, version=2)
        activate(state, catalogue, made)
        catalogue.withdraw(PACK, [Withdrawal(reason="bad sound", at=AT, version=2)])
        assert {one.version for one in reader.items(PACK)} == {1}
        # Its lessons can be opened, so a search calls neither them nor the pack withdrawn.
        assert not any(one.is_withdrawn for one in reader.search("五年级", 9))
        found = reader.file(PACK, "item-1", "b")
        assert found is not None
        assert found.digest == digest_of(FILES["b"])
        catalogue.withdraw(PACK, [Withdrawal(reason="bad sound", at=AT, version=1)])
        assert {one.version for one in reader.items(PACK)} == {2}


def test_what_only_withdrawn_items_need_is_not_missing(tmp_path: Path) -> None:
    state = make_state(tmp_path / "state")
    blobs, reader = BlobStore(state.blobs), CatalogueReader(state.catalogue)
    files = {"a/1": b"own", "a/2": b"shared", "b": b"shared", "free": b"nobody's"}
    items = {"one": ["a/"], "two": ["b"]}
    with opened(state) as catalogue:
        catalogue.withdraw(PACK, [Withdrawal(reason="x", at=AT, item="one")])
        activate(state, catalogue, make_manifest(files, items))
        assert reader.packs()[0].missing == len(b"shared" + b"nobody's")
        catalogue.blobs_arrived([blobs.add(b"shared"), blobs.add(b"nobody's")])
        assert reader.packs()[0].missing == 0
        assert catalogue.shares(PACK) == {1: 1.0}
        assert served(reader) == ["two"]
        catalogue.withdraw(PACK, [])
        assert reader.packs()[0].missing == len(b"own")
        assert catalogue.shares(PACK)[1] < 1
    assert check(state, deep=True).is_clean


def damage_catalogue(state: StateDirectory) -> None:
    damage_file(state.catalogue.resolve(), data=b"\xff" * 200)


def damage_list(state: StateDirectory) -> None:
    state.manifests.write_bytes(b"{")


@pytest.mark.parametrize("damage", [damage_catalogue, damage_list])
def test_withdrawn_stays_withdrawn_whichever_file_is_damaged(
    state: StateDirectory, reader: CatalogueReader, damage: Callable[[StateDirectory], None]
) -> None:
    withdraw(state, SLIP)
    damage(state)
    with opened(state) as catalogue:
        assert catalogue.withdrawals() == {PACK: [SLIP]}
    assert served(reader) == ["item-1"]
    assert manifest_list.read_list(state.manifests).withdrawals == {PACK: [SLIP]}
    assert check(state, deep=True).is_clean


def test_a_withdrawal_waits_for_a_pack_that_is_not_here_yet(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    withdraw(state, WHOLE, pack="cn/-/songs")
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest({"a": FILES["a"]}, pack="cn/-/songs"))
    assert not reader.items("cn/-/songs")[0].is_served
    assert served(reader) == ["item-0", "item-1"]


@pytest.mark.parametrize(("before", "after"), [([], [SLIP]), ([SLIP], []), ([SLIP], [WHOLE])])
def test_stopped_at_any_step_it_is_done_or_not_begun(
    state: StateDirectory,
    monkeypatch: pytest.MonkeyPatch,
    before: list[Withdrawal],
    after: list[Withdrawal],
) -> None:
    """And what was withdrawn all along stays so, also when the catalogue is rebuilt then."""
    stopped = 0
    for number in range(1, 30):
        withdraw(state, *before)
        monkeypatch.setattr(failpoints, "hook", failpoints.counting(f"any:{number}:raise"))
        try:
            with closing(open_catalogue(state).catalogue) as catalogue:
                catalogue.withdraw(PACK, after)
        except ExhaustedError:
            stopped += 1
        else:
            break
        finally:
            monkeypatch.setattr(failpoints, "hook", None)
        reader = CatalogueReader(state.catalogue)
        shown = served(reader)
        reader.close()
        assert check(state, deep=True).is_clean
        damage_catalogue(state)
        with opened(state) as catalogue:
            found = catalogue.withdrawals().get(PACK, [])
        assert found in (before, after, [*after, *before])
        again = CatalogueReader(state.catalogue)
        assert set(served(again)) <= set(shown)
        again.close()
    assert stopped > 3
    with opened(state) as catalogue:
        assert catalogue.withdrawals().get(PACK, []) == after


def test_a_catalogue_of_an_earlier_release_is_read_before_it_is_brought_up(
    tmp_path: Path,
) -> None:
    state = make_state(tmp_path / "state")
    for data in FILES.values():
        BlobStore(state.blobs).add(data)
    with opened(state) as catalogue:
        activate(state, catalogue, make_manifest(FILES))
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        connection.execute("DROP TABLE withdrawal")
        connection.execute("DELETE FROM migration WHERE name = 'withdrawals'")
    reader = CatalogueReader(state.catalogue)
    assert served(reader) == ["item-0", "item-1"]
    assert [one.withdrawn for one in reader.packs()] == [0]
    assert len(reader.search("课", 9)) == 2
    # The agent opens it meanwhile.
    withdraw(state, SLIP)
    assert served(reader) == ["item-1"]
    assert reader.packs()[0].withdrawn == 1


def test_the_first_releases_structure_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    open_writer(path, MIGRATIONS[:-1]).close()
    with closing(open_writer(path, MIGRATIONS)) as connection:
        assert connection.execute("SELECT count(*) FROM withdrawal").fetchone() == (0,)


def test_a_list_without_withdrawals_is_one_of_an_earlier_release(state: StateDirectory) -> None:
    listed = manifest_list.read_list(state.manifests)
    state.manifests.write_text(f'{{"format":1,"manifests":["{listed.manifests[0]}"]}}')
    assert manifest_list.read_list(state.manifests) == listed


def test_a_node_that_serves_what_is_withdrawn_is_not_clean_and_is_repaired(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    withdraw(state, SLIP)
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        connection.execute(
            "INSERT INTO served SELECT 'gd/zhuhai/math', name, id FROM item WHERE name = 'item-0'"
        )
    sentences = [str(one) for one in check(state).findings]
    assert "item-0 of gd/zhuhai/math is served, though its publisher withdrew it." in sentences
    repair(state, check(state))
    assert served(reader) == ["item-1"]
    assert check(state, deep=True).is_clean


def test_a_list_that_lacks_a_withdrawal_is_not_clean_and_repair_keeps_it(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    withdraw(state, SLIP)
    manifest_list.withdraw(state.manifests, PACK, [])
    sentences = [str(one) for one in check(state).findings]
    assert sentences == ["manifests.json lacks withdrawals that the catalogue has."]
    repair(state, check(state))
    assert check(state, deep=True).is_clean
    assert served(reader) == ["item-1"]
