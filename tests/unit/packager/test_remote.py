from pathlib import Path

import pytest

from core.errors import RefusedError
from packager.remote import Remote, open_remote
from tests.support.tiny_repository import TinyRepository


@pytest.fixture
def remote(tiny: TinyRepository) -> Remote:
    return open_remote(str(tiny.directory))


@pytest.mark.parametrize("size", [0, 1000, 20_000_000])
def test_files_go_up_once(remote: Remote, tiny: TinyRepository, tmp_path: Path, size: int) -> None:
    source = tmp_path / "bundle"
    source.write_bytes(b"b" * size)
    done: list[int] = []
    assert remote.upload("bundles/ab/x", source, done.append) == size
    assert (tiny.directory / "bundles/ab/x").read_bytes() == source.read_bytes()
    assert sum(done) == size
    assert remote.upload("bundles/ab/x", source, done.append) == 0
    assert sum(done) == 2 * size


def test_a_damaged_file_is_named(remote: Remote, tiny: TinyRepository, tmp_path: Path) -> None:
    source = tmp_path / "bundle"
    source.write_bytes(b"whole")
    (tiny.directory / "bundles").mkdir()
    (tiny.directory / "bundles/x").write_bytes(b"cut")
    with pytest.raises(RefusedError, match="bundles/x in the repository has 3 bytes instead of 5"):
        remote.upload("bundles/x", source, lambda _: None)
    assert (tiny.directory / "bundles/x").read_bytes() == b"cut"


def test_new_files_are_not_overwritten(remote: Remote) -> None:
    assert remote.put_new("incoming/a.1.json", b"one")
    assert not remote.put_new("incoming/a.1.json", b"two")
    assert remote.read("incoming/a.1.json", 10) == b"one"
    remote.remove("incoming/a.1.json")
    remote.remove("incoming/a.1.json")
    assert remote.read("incoming/a.1.json", 10) is None


def test_reading_is_bounded(remote: Remote) -> None:
    remote.put_new("x", b"12345")
    with pytest.raises(RefusedError, match="too large: 5 bytes"):
        remote.read("x", 4)
    assert remote.read_range("x", 1, 3) == b"234"
    assert remote.read_range("gone", 1, 3) is None


def test_a_url_names_a_store(tiny: TinyRepository) -> None:
    remote = open_remote(tiny.directory.as_uri())
    assert remote.read("metadata/1.root.json", 100_000) == tiny.root


def test_a_named_file_that_is_another_is_refused(remote: Remote) -> None:
    assert remote.put_named("targets/x", b"one")
    assert not remote.put_named("targets/x", b"one")
    with pytest.raises(RefusedError, match="targets/x in the repository is damaged"):
        remote.put_named("targets/x", b"two")
    assert remote.read("targets/x", 10) == b"one"
