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
from core.manifest import Item, Manifest
from core.rendition import Rendition
from core.wanted import EVERYTHING, Portion, steps, wanted_digests
from core.withdrawal import (
    Withdrawal,
    covering,
    covering_pack,
    with_one_more,
)
from tests.support.nodes import make_state
from tests.support.packs import make_manifest, slight_rendition

PACKS = ("cn/-/stories", "gd/zhuhai/math")
# Few contents and few paths, so that versions share blobs, files and items.
CONTENTS = [bytes([65 + number]) * number for number in range(7)]
FILES = st.dictionaries(
    st.sampled_from(["a/1", "a/2", "b", "c"]), st.sampled_from(CONTENTS), min_size=1
)
# A rendition has at least a head and a segment, of one byte each.
MEDIA = st.dictionaries(
    st.sampled_from(["v/720p", "v/240p", "v/audio", "v/1.jpg", "v/sub"]),
    st.sampled_from(CONTENTS[2:]),
)
PORTIONS = st.builds(
    Portion,
    st.sampled_from([(), ("720p",), ("240p",), ("audio",), ("360p",), ("240p", "720p")]),
    st.sampled_from([None, None, (), ("video",), ("b", "video")]),
)


def renditions_of(media: dict[str, bytes]) -> list[Rendition]:
    """Describe what is there as renditions, best first, sound alone with its picture."""
    pictures = ["v/1.jpg"] if "v/1.jpg" in media else []
    return [
        slight_rendition(name, f"v/{name}", media, pictures if name == "audio" else ())
        for name in ("720p", "240p", "audio")
        if f"v/{name}" in media
    ]


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
        self._wanted = dict.fromkeys(PACKS, EVERYTHING)

    def teardown(self) -> None:
        self._reader.close()
        self._catalogue.close()
        self._directory.cleanup()

    @rule(
        pack=st.sampled_from(PACKS),
        version=st.integers(1, 3),
        files=FILES,
        media=MEDIA,
        folders=st.booleans(),
    )
    def activate(
        self,
        pack: str,
        version: int,
        files: dict[str, bytes],
        media: dict[str, bytes],
        *,
        folders: bool,
    ) -> None:
        items: dict[str, list[str]] = {}
        for path in sorted(files):
            whole = folders and path.startswith("a/")
            items["folder" if whole else path.replace("/", "-")] = ["a/" if whole else path]
        if "c" in files:
            # A file that two items share.
            items[next(iter(items))].append("c")
        items = {name: sorted(set(paths)) for name, paths in items.items()}
        renditions = renditions_of(media)
        if renditions:
            items["video"] = [renditions[0].path, "v/"]
        else:
            media = {}
        manifest, data = make_manifest(
            files | media,
            items,
            pack=pack,
            version=version,
            renditions={"video": renditions},
            kind="video",
        )
        digest = self._blobs.add(data)
        ready = self._catalogue.activate_manifest(manifest, digest, self._blobs.has)
        chain = [one for one in self._activations[pack] if one[0] != digest]
        self._activations[pack] = [*chain, (digest, manifest)]
        assert {one.item for one in ready} == self._served_from(pack, digest)

    @rule(
        pack=st.sampled_from(PACKS),
        item=st.sampled_from(["", "folder", "a-1", "b", "c", "video"]),
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

    @rule(pack=st.sampled_from(PACKS), portion=PORTIONS)
    def want(self, pack: str, portion: Portion) -> None:
        before = self._served()
        self._wanted[pack] = portion
        self._catalogue.want(pack, portion)
        assert not self._catalogue.want(pack, portion)
        assert self._served() == before

    @rule(content=st.sampled_from(CONTENTS))
    def arrive(self, content: bytes) -> None:
        before = self._served()
        ready = self._catalogue.blob_arrived(self._blobs.add(content))
        after = self._served()
        changed = {key for key, version in after.items() if before.get(key) != version}
        assert {(one.pack, one.item) for one in ready} == changed

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

    @rule(pinned=st.sets(st.sampled_from(CONTENTS), max_size=2))
    def drop(self, pinned: set[bytes]) -> None:
        before = self._served()
        pins = {digest_of(one) for one in pinned}
        named = {one for one in pins if self._reader.digest_pinned(one)}
        for digest in self._catalogue.drop_unneeded(pins):
            assert digest not in pins
            self._blobs.remove(digest)
        assert {one for one in pins if self._reader.digest_pinned(one)} == named
        assert all(self._blobs.has(one) for one in named)
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
                (one.path, one.digest)
                for one in manifest.files_of(wanted)
                if self._held(one.digest)
            ]

    @invariant()
    def the_best_rendition_that_is_here_opens_an_item(self) -> None:
        for (pack, item), digest in self._expected().items():
            manifest = dict(self._activations[pack])[digest]
            listed = next(one for one in manifest.items if one.id == item)
            rows = self._reader.renditions(pack, item)
            assert [one.rendition for one in rows] == listed.renditions
            paths = {file.path: file.digest for file in manifest.files}
            for row in rows:
                one = row.rendition
                assert row.digest == paths[one.path]
                assert row.pictures == {p.path: paths[p.path] for p in one.pictures}
                assert row.here == all(self._held(paths[path]) for path in one.files)
            found = self._reader.item(pack, item)
            assert found is not None
            if rows:
                assert found.entry == next(one.rendition.path for one in rows if one.here)
            else:
                assert found.entry == listed.entry

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
            assert row.current == len(self._served_from(pack, chain[-1][0]))
            gone = [one for one in manifest.items if self._gone(manifest, one.id)]
            assert row.withdrawn == len(gone)
            assert row.withdrawal == covering_pack(self._withdrawn[pack], manifest.version)
            portion = self._wanted[pack]
            assert row.size == sum(wanted_digests(manifest, [], portion).values())
            wanted = wanted_digests(manifest, self._withdrawn[pack], portion)
            assert row.missing == sum(n for one, n in wanted.items() if not self._held(one))
            if all(map(self._held, wanted)):
                assert self._catalogue.shares(pack)[row.version] == 1
            for one in manifest.items:
                self._check_counts(manifest, one)

    def _check_counts(self, manifest: Manifest, item: Item) -> None:
        """Compare an item's figures with those of what is wanted of it alone."""
        found = self._reader.item(manifest.pack, item.id)
        assert found is not None
        names = Portion(self._wanted[manifest.pack].renditions)
        paths = set().union(*steps(manifest, item, names))
        digests = {one.digest: one.size for one in manifest.files if one.path in paths}
        assert found.size == sum(digests.values())
        assert found.missing == sum(n for one, n in digests.items() if not self._held(one))

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
        files = {file.path: self._held(file.digest) for file in manifest.files_of(wanted)}
        parts = [set(one.files) for one in wanted.renditions]
        always = set(files).difference(*parts)
        whole = [part for part in parts if all(files[path] for path in part)]
        return all(files[path] for path in always) and bool(whole or not parts)

    def _gone(self, manifest: Manifest, item: str) -> Withdrawal | None:
        return covering(self._withdrawn[manifest.pack], item, manifest.version)

    def _servable(self, manifest: Manifest, item: str) -> bool:
        return self._complete(manifest, item) and not self._gone(manifest, item)

    def _expected(self) -> dict[tuple[str, str], Digest]:
        expected: dict[tuple[str, str], Digest] = {}
        for pack, chain in self._activations.items():
            listed = {item.id for item in chain[-1][1].items} if chain else set()
            # Those that wait for pictures count less than all others.
            for waits in (True, False):
                for digest, manifest in chain:
                    for item in manifest.items:
                        if (
                            item.id in listed
                            and self._servable(manifest, item.id)
                            and (self._waits(manifest, item) == waits)
                        ):
                            expected[pack, item.id] = digest
        return expected

    def _served_from(self, pack: str, version: Digest) -> set[str]:
        """Name the items that a version shows: whole ones that no older one shows better."""
        return {
            item
            for (its_pack, item), digest in self._expected().items()
            if (its_pack, digest) == (pack, version)
        }

    def _waits(self, manifest: Manifest, item: Item) -> bool:
        """Say whether only the sound is here, and pictures are to come."""
        digests = {file.path: file.digest for file in manifest.files}
        names = Portion(self._wanted[manifest.pack].renditions)
        wanted = set().union(*steps(manifest, item, names))
        moving = [one for one in item.renditions if one.name != "audio"]
        return (
            bool(item.renditions)
            and not any(self._held(digests[one.path]) for one in moving)
            and not all(self._held(digests[path]) for path in wanted)
        )

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
                same = [
                    (file.path, file.digest)
                    for file in manifest.files_of(one)
                    if self._held(file.digest)
                ] == files
                if one.id == item and manifest.version == version and same:
                    return digest
        raise AssertionError(files)


TestCatalogue = CatalogueMachine.TestCase
TestCatalogue.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
