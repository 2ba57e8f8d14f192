"""The form of teaching of each version in the catalogue, kept as its manifest says it."""

import sqlite3
from typing import Any, Final

from core.forms import FORMS
from core.manifest import Manifest

TABLE: Final = """CREATE TABLE form (
    version_id INTEGER PRIMARY KEY REFERENCES version ON DELETE CASCADE,
    name TEXT NOT NULL
) STRICT"""
STAND_INS: Final = {"form": "version_id, name"}
"""The columns of the table that a catalogue of an earlier release has not."""
OF_NEWEST: Final = "ifnull((SELECT name FROM form WHERE version_id = newest), '')"


def insert(connection: sqlite3.Connection, manifest: Manifest, version: int) -> None:
    """Insert the form of a version, if its manifest gives one."""
    if manifest.form:
        connection.execute("INSERT INTO form VALUES (?, ?)", (version, manifest.form))


def known(name: Any) -> str:  # noqa: ANN401 - a damaged row gives anything
    """Give a form's name, or an empty text for what is none or a newer Packhorse's."""
    return name if name in FORMS else ""
