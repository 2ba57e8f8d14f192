"""Forms of teaching in the catalogue."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cache.catalogue_reader import CatalogueReader
from cache.state import StateDirectory
from core.manifest import encode_manifest
from tests.support.nodes import activate, damage_file, make_state, opened
from tests.support.packs import make_manifest

FILES = {"a.txt": b"a"}


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


def activated(state: StateDirectory, form: str, version: int = 1) -> None:
    manifest, _ = make_manifest(FILES, {"one": ["a.txt"]}, version=version)
    manifest = msgspec.structs.replace(manifest, form=form)
    with opened(state) as catalogue:
        activate(state, catalogue, (manifest, encode_manifest(manifest)))


def forms(state: StateDirectory) -> list[str]:
    return [pack.form for pack in CatalogueReader(state.catalogue).packs()]


@pytest.mark.parametrize(
    ("said", "found"), [("two-teacher", "two-teacher"), ("", ""), ("hologram", "")]
)
def test_a_form_that_is_not_known_counts_as_none(
    state: StateDirectory, said: str, found: str
) -> None:
    activated(state, said)
    assert forms(state) == [found]


def test_the_newest_version_says_it(state: StateDirectory) -> None:
    activated(state, "air")
    activated(state, "famous-teacher", version=2)
    assert forms(state) == ["famous-teacher"]
    activated(state, "", version=3)
    assert forms(state) == [""]


def older(state: StateDirectory) -> None:
    """Make the catalogue one of the release before forms."""
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        connection.execute("DROP TABLE form")
        connection.execute("DELETE FROM migration WHERE name = 'forms'")
        connection.execute("UPDATE version SET described = 0")
        for table in ("rendition_file", "rendition", "cue"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


def test_a_catalogue_of_an_earlier_release_is_read_as_it_is_and_then_gets_them(
    state: StateDirectory,
) -> None:
    activated(state, "air")
    older(state)
    assert forms(state) == [""]
    with opened(state):
        pass
    assert forms(state) == ["air"]


def test_a_rebuilt_catalogue_has_them(state: StateDirectory) -> None:
    activated(state, "air")
    damage_file(state.catalogue)
    with opened(state):
        pass
    assert forms(state) == ["air"]
