import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cache import durable
from cache.agent_db import AgentDatabase
from cache.blobs import BlobStore
from cache.catalogue_reader import CatalogueReader
from cache.check import check, repair
from cache.journal import Journal
from cache.journal_own import OwnFile, keep_own
from cache.own_store import OwnStore
from cache.state import StateDirectory
from core.digest import digest_of
from core.errors import AlreadyRunningError, NoStateError
from tests.support.clock import START
from tests.support.nodes import activate, damage_file, make_state, opened
from tests.support.packs import make_manifest

EPOCH = b"epoch001"
PACK = "gd/zhuhai/math"
FILES = {"a": b"first lesson", "b": b"second lesson"}


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """Give a node with two lessons, three statements of which one is acknowledged, and trust."""
    made = make_state(tmp_path / "state")
    blobs = BlobStore(made.blobs)
    for data in FILES.values():
        blobs.add(data)
    with opened(made) as catalogue:
        activate(made, catalogue, make_manifest(FILES))
    with closing(AgentDatabase(made)) as agent:
        agent.acknowledge(EPOCH, 1, at=START)
    with closing(Journal(made, fresh_epoch=EPOCH, at=START, acknowledged={})) as journal:
        journal.append([b"one", b"two", b"three"], at=START)
        journal.prune({EPOCH: 1})
    (made.trust / "1").mkdir()
    (made.trust / "1" / "root.json").write_bytes(b"{}")
    durable.swap_symlink(made.trust / "current", made.trust / "1")
    return made


def sentences(state: StateDirectory, *, deep: bool = False) -> list[str]:
    return [str(one) for one in check(state, deep=deep).findings]


def test_a_sound_node_is_clean_and_counted(state: StateDirectory) -> None:
    report = check(state, deep=True)
    assert report.is_clean
    assert report.blobs == 3
    assert report.bytes > 25


def test_where_no_node_is_the_check_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoStateError):
        check(StateDirectory(tmp_path))


def test_a_fresh_node_is_clean(tmp_path: Path) -> None:
    assert check(make_state(tmp_path / "fresh"), deep=True).is_clean


def test_leftovers_are_counted_not_blamed_and_swept_by_repair(state: StateDirectory) -> None:
    durable.temporary_beside(state.blobs / "aa" / "x").parent.mkdir(exist_ok=True)
    durable.temporary_beside(state.blobs / "aa" / "x").write_bytes(b"x")
    (state.staging / "half").write_bytes(b"x")
    report = check(state)
    assert (report.is_clean, report.leftovers) == (True, 1)
    repair(state, report)
    assert check(state).leftovers == 0
    assert (state.staging / "half").exists()


def test_a_blob_that_is_gone_is_named_and_wanted_again(state: StateDirectory) -> None:
    blobs = BlobStore(state.blobs)
    digest = digest_of(FILES["a"])
    blobs.path(digest).unlink()
    assert sentences(state) == [f"The blob {digest} is missing, though the catalogue names it."]
    repair(state, check(state))
    assert check(state, deep=True).is_clean
    items = CatalogueReader(state.catalogue).items(PACK)
    assert [one.is_served for one in items] == [False, True]


def test_a_cut_blob_is_found_by_size_a_flipped_one_by_a_deep_check(
    state: StateDirectory,
) -> None:
    blobs = BlobStore(state.blobs)
    one, two = digest_of(FILES["a"]), digest_of(FILES["b"])
    damage_file(blobs.path(one), 3, b"~")
    assert sentences(state) == []
    assert sentences(state, deep=True) == [f"The blob {one} is damaged."]
    blobs.path(two).chmod(0o644)
    blobs.path(two).write_bytes(b"")
    assert sentences(state) == [f"The blob {two} is damaged."]
    repair(state, check(state, deep=True))
    assert not blobs.has(one)
    assert not blobs.has(two)
    assert check(state, deep=True).is_clean


def test_a_damaged_manifest_costs_its_pack_until_the_next_poll(state: StateDirectory) -> None:
    reader = CatalogueReader(state.catalogue)
    pack = reader.pack(PACK)
    assert pack is not None
    damage_file(BlobStore(state.blobs).path(pack.manifest))
    assert len(sentences(state)) == 1
    repair(state, check(state))
    assert reader.packs() == []
    assert check(state, deep=True).is_clean
    assert BlobStore(state.blobs).has(digest_of(FILES["a"]))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE item SET lacking = 1 WHERE name = 'item-0'",
        "UPDATE item SET title = '{}' WHERE name = 'item-0'",
        "UPDATE version SET missing = 7",
        "DELETE FROM served WHERE name = 'item-0'",
        "UPDATE file SET path = 'c' WHERE path = 'a'",
    ],
)
def test_a_catalogue_that_says_something_else_is_rebuilt(state: StateDirectory, sql: str) -> None:
    before = CatalogueReader(state.catalogue).items(PACK)
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        assert connection.execute(sql).rowcount == 1
    assert sentences(state) == ["The catalogue does not say what the manifests say."]
    repair(state, check(state))
    assert check(state, deep=True).is_clean
    assert CatalogueReader(state.catalogue).items(PACK) == before


def test_damaged_databases_are_named(state: StateDirectory) -> None:
    for path in (state.catalogue, state.agent, state.journal):
        damage_file(path.resolve(), 0, b"\xff" * 3000)
    assert sentences(state) == [
        "The catalogue is damaged.",
        "The journal is damaged.",
        "The agent's database is damaged.",
    ]
    repair(state, check(state))
    # The journal is the portal's.
    assert sentences(state) == ["The journal is damaged."]
    assert not check(state).findings[0].repairable
    Journal(state, fresh_epoch=b"epoch002", at=START, acknowledged={}).close()
    assert sentences(state) == []


def test_a_catalogue_that_is_gone_is_missed(state: StateDirectory) -> None:
    state.catalogue.unlink()
    assert sentences(state) == ["The catalogue is missing."]
    repair(state, check(state))
    assert check(state, deep=True).is_clean
    assert all(one.is_served for one in CatalogueReader(state.catalogue).items(PACK))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DELETE FROM statement WHERE sequence = 3", "1 of 2 are here"),
        ("UPDATE statement SET sequence = 7, checksum = 0 WHERE sequence = 3", "is damaged"),
        ("UPDATE epoch SET last = 0, pruned = 0", "only 0 were made"),
        ("DELETE FROM epoch", "The journal has no epoch"),
        ("UPDATE epoch SET pruned = 2", "were removed, but the hub has only"),
        ("UPDATE statement SET record = x'00' WHERE sequence = 2", "statement 2 of epoch"),
    ],
)
def test_a_journal_that_breaks_a_promise_is_named(
    state: StateDirectory, sql: str, words: str
) -> None:
    with closing(sqlite3.connect(state.journal)) as connection, connection:
        connection.execute(sql)
    assert any(words in one for one in sentences(state))


def test_files_of_teachers_that_are_gone_or_damaged_are_named(state: StateDirectory) -> None:
    store = OwnStore(state)
    for name in ("a" * 32, "b" * 32, "c" * 32):
        upload = store.begin(name)
        upload.write(name.encode())
        digest = upload.finish()
        one = OwnFile(
            id=name, pack=PACK, item="a", title="t", name=f"{name[0]}.pdf", size=32,
            digest=digest, teacher="王老师", at=1.0,
        )  # fmt: skip
        with closing(Journal(state, fresh_epoch=EPOCH, at=START, acknowledged={})) as journal:
            journal.change(lambda file, one=one: keep_own(file, one))  # type: ignore[misc] # bound
    store.path("b" * 32).write_bytes(b"x" * 32)
    (state.own / ("d" * 32)).write_bytes(b"without a row it counts nowhere")
    assert sentences(state) == []
    assert sentences(state, deep=True) == ["The file b.pdf, which a teacher added, is damaged."]
    store.remove("a" * 32)
    assert sentences(state) == ["The file a.pdf, which a teacher added, is missing."]


def test_metadata_must_be_complete(state: StateDirectory) -> None:
    (state.trust / "1" / "root.json").write_bytes(b"")
    assert sentences(state) == ["The verified metadata file root.json is empty."]
    (state.trust / "1" / "root.json").unlink()
    assert sentences(state) == ["The verified metadata is missing."]
    (state.trust / "1").rmdir()
    assert sentences(state) == ["The verified metadata is missing."]


def test_repair_waits_for_nobody(state: StateDirectory) -> None:
    report = check(state)
    with durable.lock(state.lock, "node sync"), pytest.raises(AlreadyRunningError, match="sync"):
        repair(state, report)
