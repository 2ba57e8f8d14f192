"""The catalogue's rule, against a model that recomputes everything from scratch."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cache.blobs import BlobStore
from cache.catalogue_files import open_catalogue
from cache.catalogue_reader import CatalogueReader
from cache.check import check
from core.digest import Digest, digest_of
from core.manifest import Manifest
from core.withdrawal import (
    Withdrawal,
    covering,
    covering_pack,
    wanted_digests,
    with_one_more,
)
from tests.support.nodes import make_state
from tests.support.packs import make_manifest

PACKS = ("cn/-/stories", "gd/zhuhai/math")
# Few contents and few paths, so that versions share blobs, files and items.
CONTENTS = [bytes([65 + number]) * number for number in range(7)]
FILES = st.dictionaries(
    st.sampled_from(["a/1", "a/2", "b", "c"]), st.sampled_from(CONTENTS), min_size=1
)


class CatalogueMachine(RuleBasedStateMachine):
    """Manifests are activated, blobs arrive and are lost, versions dropped, files reopened."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._state = make_state(Path(self._directory.name))
        self._blobs = BlobStore(self._state.blobs)
        self._catalogue = open_catalogue(self._state).catalogue
        self._reader = CatalogueReader(self._state.catalogue)
        self._activations: dict[str, list[tuple[Digest, Manifest]]] = {pack: [] for pack in PACKS}
        self._withdrawn: dict[str, list[Withdrawal]] = {pack: [] for pack in PACKS}

    def teardown(self) -> None:
        self._reader.close()
        self._catalogue.close()
        self._directory.cleanup()

    @rule(
        pack=st.sampled_from(PACKS), version=st.integers(1, 3), files=FILES, folders=st.booleans()
    )
    def activate(self, pack: str, version: int, files: dict[str, bytes], *, folders: bool) -> None:
        items: dict[str, list[str]] = {}
        for path in sorted(files):
            whole = folders and path.startswith("a/")
            items["folder" if whole else path.replace("/", "-")] = ["a/" if whole else path]
        if "c" in files:
            # A file that two items share.
            items[next(iter(items))].append("c")
        items = {name: sorted(set(paths)) for name, paths in items.items()}
        manifest, data = make_manifest(files, items, pack=pack, version=version)
        digest = self._blobs.add(data)
        ready = self._catalogue.activate_manifest(manifest, digest, self._blobs.has)
        chain = [one for one in self._activations[pack] if one[0] != digest]
        self._activations[pack] = [*chain, (digest, manifest)]
        assert {one.item for one in ready} == {
            item.id for item in manifest.items if self._servable(manifest, item.id)
        }

    @rule(
        pack=st.sampled_from(PACKS),
        item=st.sampled_from(["", "folder", "a-1", "b", "c"]),
        version=st.sampled_from([0, 0, 1, 2]),
    )
    def withdraw(self, pack: str, item: str, version: int) -> None:
        one = Withdrawal(reason="x", at="2026-11-22T08:30:00Z", item=item, version=version)
        self._withdrawn[pack] = with_one_more(self._withdrawn[pack], one)
        self._catalogue.withdraw(pack, self._withdrawn[pack])
        assert not self._catalogue.withdraw(pack, self._withdrawn[pack])

    @rule(pack=st.sampled_from(PACKS), left=st.integers(0, 1))
    def let_back(self, pack: str, left: int) -> None:
        self._withdrawn[pack] = self._withdrawn[pack][:left]
        self._catalogue.withdraw(pack, self._withdrawn[pack])

    @rule(content=st.sampled_from(CONTENTS))
    def arrive(self, content: bytes) -> None:
        before = self._served()
        ready = self._catalogue.blob_arrived(self._blobs.add(content))
        after = self._served()
        changed = {key for key, version in after.items() if before.get(key) != version}
        assert {(one.pack, one.item) for one in ready} >= changed

    @rule(content=st.sampled_from(CONTENTS))
    def arrive_just_before_a_kill(self, content: bytes) -> None:
        self._blobs.add(content)
        self._catalogue.close()
        self._catalogue = open_catalogue(self._state).catalogue
        self._catalogue.reconcile(self._blobs.has)

    @rule(content=st.sampled_from(CONTENTS))
    def lose(self, content: bytes) -> None:
        digest = digest_of(content)
        self._catalogue.blobs_lost([digest])
        if digest not in self._catalogue.manifests():
            self._blobs.remove(digest)

    @rule()
    def drop(self) -> None:
        before = self._served()
        for digest in self._catalogue.drop_unneeded():
            self._blobs.remove(digest)
        kept = set(self._catalogue.manifests())
        for pack, chain in self._activations.items():
            self._activations[pack] = [one for one in chain if one[0] in kept]
        assert self._served() == before
        # Whatever is left over in the store is named by something.
        assert set(self._blobs) - self._catalogue.named() <= {digest_of(c) for c in CONTENTS}

    @rule()
    def rebuild(self) -> None:
        self._catalogue.close()
        self._state.catalogue.resolve().write_bytes(b"not a database" * 100)
        opened = open_catalogue(self._state)
        assert opened.rebuilt is not None
        assert opened.rebuilt.lost == {}
        self._catalogue = opened.catalogue

    @precondition(lambda self: any(self._activations.values()))
    @invariant()
    def check_is_clean(self) -> None:
        assert [str(one) for one in check(self._state, deep=True).findings] == []

    @invariant()
    def items_are_served_from_the_newest_complete_version(self) -> None:
        assert self._served() == self._expected()

    @invariant()
    def only_blobs_of_served_items_may_be_served(self) -> None:
        served = {
            file.digest
            for pack in self._reader.packs()
            for item in self._reader.items(pack.id)
            for file in self._reader.files(pack.id, item.id)
        }
        for content in CONTENTS:
            digest = digest_of(content)
            assert (self._reader.digest_served(digest) is not None) == (digest in served)
        assert all(self._blobs.has(digest) for digest in served)

    @invariant()
    def an_item_has_the_files_of_one_version(self) -> None:
        for (pack, item), digest in self._expected().items():
            manifest = dict(self._activations[pack])[digest]
            wanted = next(one for one in manifest.items if one.id == item)
            files = self._reader.files(pack, item)
            assert [(one.path, one.digest) for one in files] == [
                (one.path, one.digest) for one in manifest.files_of(wanted)
            ]

    @invariant()
    def packs_count_their_items_and_bytes(self) -> None:
        for pack, chain in self._activations.items():
            row = self._reader.pack(pack)
            if not chain:
                assert row is None
                continue
            manifest = chain[-1][1]
            assert row is not None
            assert row.items == len(manifest.items)
            assert row.current == sum(self._servable(manifest, one.id) for one in manifest.items)
            gone = [one for one in manifest.items if self._gone(manifest, one.id)]
            assert row.withdrawn == len(gone)
            assert row.withdrawal == covering_pack(self._withdrawn[pack], manifest.version)
            assert row.size == sum(manifest.digests().values())
            wanted = wanted_digests(manifest, self._withdrawn[pack])
            assert row.missing == sum(n for one, n in wanted.items() if not self._held(one))
            if all(map(self._held, wanted)):
                assert row.version in self._catalogue.whole_versions(pack)

    @invariant()
    def what_is_withdrawn_is_said_to_be(self) -> None:
        for pack, chain in self._activations.items():
            for item in self._reader.items(pack):
                gone = covering(self._withdrawn[pack], item.id, chain[-1][1].version)
                assert item.withdrawal == (None if item.is_served else gone)
                assert self._reader.item(pack, item.id) == item

    def _held(self, digest: Digest) -> bool:
        return digest in self._catalogue.held()

    def _complete(self, manifest: Manifest, item: str) -> bool:
        wanted = next(one for one in manifest.items if one.id == item)
        return all(self._held(file.digest) for file in manifest.files_of(wanted))

    def _gone(self, manifest: Manifest, item: str) -> Withdrawal | None:
        return covering(self._withdrawn[manifest.pack], item, manifest.version)

    def _servable(self, manifest: Manifest, item: str) -> bool:
        return self._complete(manifest, item) and not self._gone(manifest, item)

    def _expected(self) -> dict[tuple[str, str], Digest]:
        expected: dict[tuple[str, str], Digest] = {}
        for pack, chain in self._activations.items():
            listed = {item.id for item in chain[-1][1].items} if chain else set()
            for digest, manifest in chain:
                for item in manifest.items:
                    if item.id in listed and self._servable(manifest, item.id):
                        expected[pack, item.id] = digest
        return expected

    def _served(self) -> dict[tuple[str, str], Digest]:
        served: dict[tuple[str, str], Digest] = {}
        for pack in self._reader.packs():
            by_version = {
                (one.version, one.title["zh"]): digest for digest, one in self._activations[pack.id]
            }
            assert by_version
            for item in self._reader.items(pack.id):
                files = [(one.path, one.digest) for one in self._reader.files(pack.id, item.id)]
                assert bool(files) == item.is_served
                if item.is_served:
                    served[pack.id, item.id] = self._origin(pack.id, item.id, item.version, files)
        return served

    def _origin(
        self, pack: str, item: str, version: int | None, files: list[tuple[str, Digest]]
    ) -> Digest:
        """Give the latest activated version that has this item with exactly these files."""
        for digest, manifest in reversed(self._activations[pack]):
            for one in manifest.items:
                same = [(file.path, file.digest) for file in manifest.files_of(one)] == files
                if one.id == item and manifest.version == version and same:
                    return digest
        raise AssertionError(files)


TestCatalogue = CatalogueMachine.TestCase
TestCatalogue.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
