"""python-tuf keeps its reference time where we set it; otherwise expiry would go unnoticed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.exceptions import ExpiredMetadataError
from tuf.ngclient import Updater

from core.trust.reference_time import set_reference_time
from core.trust.updating import BASE
from sync.directory_source import DirectorySource
from sync.trust.fetcher import TipFetcher
from tests.support.tiny_repository import TinyRepository

SIGNED = datetime(2030, 1, 1, tzinfo=UTC)


def refresh(tiny: TinyRepository, moment: datetime, state: Path) -> None:
    state.mkdir()
    fetcher = TipFetcher(DirectorySource(tiny.directory), None)
    updater = Updater(str(state), BASE, fetcher=fetcher, bootstrap=tiny.root)
    set_reference_time(updater, moment)
    updater.refresh()


def test_expiry_is_judged_against_the_given_moment_alone(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path, now=SIGNED)
    refresh(tiny, SIGNED.replace(month=3), tmp_path / "good")
    assert (tmp_path / "good" / "snapshot.json").is_file()
    with pytest.raises(ExpiredMetadataError):
        refresh(tiny, SIGNED.replace(month=5), tmp_path / "expired")
    # Signed before the real clock's year: good at its own time, whatever the wall clock says.
    old = TinyRepository(tmp_path / "old", now=SIGNED.replace(year=2001))
    refresh(old, SIGNED.replace(year=2001, month=2), tmp_path / "long-ago")
    assert (tmp_path / "long-ago" / "snapshot.json").is_file()


def test_a_tuf_that_keeps_it_elsewhere_is_not_trusted_to_judge_by_it(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path, now=SIGNED)
    fetcher = TipFetcher(DirectorySource(tiny.directory), None)
    updater = Updater(str(tmp_path), BASE, fetcher=fetcher, bootstrap=tiny.root)
    del updater._trusted_set.reference_time  # noqa: SLF001 -- as another version would have it
    with pytest.raises(TypeError, match="keeps its reference time elsewhere"):
        set_reference_time(updater, SIGNED)
