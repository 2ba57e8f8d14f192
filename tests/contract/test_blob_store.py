"""What a blob store promises, against a dictionary."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from cache.blobs import BlobStore, Condition, blob_time, hash_file
from core.digest import Digest, digest_of
from core.errors import RefusedError

CONTENT = st.binary(max_size=200)


class BlobStoreMachine(RuleBasedStateMachine):
    """Blobs come, go, are damaged and reopened; the store says what the dictionary says."""

    present = Bundle("present")

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._root = Path(self._directory.name)
        (self._root / "blobs").mkdir()
        (self._root / "staging").mkdir()
        self._store = BlobStore(self._root / "blobs")
        self._model: dict[Digest, bytes] = {}
        self._damaged: set[Digest] = set()

    def teardown(self) -> None:
        self._directory.cleanup()

    @rule(target=present, content=CONTENT, proven=st.booleans())
    def adopt(self, content: bytes, *, proven: bool) -> Digest:
        staging = self._root / "staging" / "part"
        staging.write_bytes(content)
        digest = digest_of(content)
        self._store.adopt(staging, digest, proof=hash_file(staging) if proven else None)
        assert not staging.exists()
        self._model[digest] = content
        self._damaged.discard(digest)
        return digest

    @rule(target=present, content=CONTENT)
    def add(self, content: bytes) -> Digest:
        digest = self._store.add(content)
        assert digest == digest_of(content)
        self._model[digest] = content
        self._damaged.discard(digest)
        return digest

    @rule(content=CONTENT, other=CONTENT)
    def adopt_under_a_wrong_name(self, content: bytes, other: bytes) -> None:
        if content == other:
            return
        staging = self._root / "staging" / "wrong"
        staging.write_bytes(content)
        with pytest.raises(RefusedError, match="is not what was signed"):
            self._store.adopt(staging, digest_of(other))
        assert staging.read_bytes() == content
        staging.unlink()

    @rule(content=CONTENT, later=CONTENT)
    def adopt_what_changed_after_it_was_hashed(self, content: bytes, later: bytes) -> None:
        if content == later:
            return
        staging = self._root / "staging" / "changed"
        staging.write_bytes(content)
        proof = hash_file(staging)
        staging.unlink()
        staging.write_bytes(later)
        with pytest.raises(RefusedError):
            self._store.adopt(staging, digest_of(content), proof=proof)
        staging.unlink()

    @rule(digest=consumes(present))
    def remove(self, digest: Digest) -> None:
        self._store.remove(digest)
        self._model.pop(digest, None)
        self._damaged.discard(digest)

    @rule(target=present, digest=consumes(present))
    def damage(self, digest: Digest) -> object:
        if digest not in self._model:
            return multiple()
        path = self._store.path(digest)
        path.chmod(0o644)
        path.write_bytes(self._model[digest] + b"!")
        self._damaged.add(digest)
        return digest

    @rule()
    def reopen(self) -> None:
        self._store = BlobStore(self._root / "blobs")

    @rule()
    def litter(self) -> None:
        (self._root / "blobs" / "ab").mkdir(exist_ok=True)
        (self._root / "blobs" / "ab" / ".tmp-leftover").write_bytes(b"x")
        (self._root / "blobs" / "README").write_bytes(b"x")

    @invariant()
    def names_agree(self) -> None:
        assert sorted(self._store) == sorted(self._model)

    @invariant()
    def contents_agree(self) -> None:
        for digest, content in self._model.items():
            assert self._store.has(digest)
            if digest in self._damaged:
                assert self._store.verify(digest) is Condition.DAMAGED
                with pytest.raises(RefusedError, match="is damaged"):
                    self._store.read(digest, limit=1000)
            else:
                assert self._store.verify(digest) is Condition.WHOLE
                assert self._store.read(digest, limit=1000) == content
                assert self._store.size(digest) == len(content)
                assert self._store.path(digest).stat().st_mtime_ns == blob_time(digest)
                assert not self._store.path(digest).stat().st_mode & 0o222


TestBlobStore = BlobStoreMachine.TestCase
TestBlobStore.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_what_is_not_here_is_missing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = digest_of(b"never seen")
    assert not store.has(digest)
    assert store.size(digest) is None
    assert store.verify(digest) is Condition.MISSING
    with pytest.raises(RefusedError, match="is not here"):
        store.read(digest, limit=10)
    store.remove(digest)
    assert list(BlobStore(tmp_path / "nowhere")) == []


def test_reading_is_bounded(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.add(b"x" * 100)
    with pytest.raises(RefusedError):
        store.read(digest, limit=99)


def test_times_differ_between_contents_and_stay_for_one() -> None:
    one, two = digest_of(b"1"), digest_of(b"2")
    assert blob_time(one) == blob_time(one) != blob_time(two)
