"""The command group ``packhorse key``."""

import json
from pathlib import Path

import click

from core.text import without_long_prefix
from packager.places import Place

_JSON = click.option("--json", "as_json", is_flag=True, help="Print data instead of words.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def key() -> None:
    """Make and keep signing keys."""


@key.command()
@click.argument("file", type=Place(dir_okay=False))
@_JSON
def new(file: Path, as_json: bool) -> None:
    """Make a new key in FILE, readable by you alone, and print its id."""
    from packager.keys import new_key

    _show(file, new_key(file).public_key.keyid, as_json=as_json)


@key.command()
@click.argument("file", type=Place(dir_okay=False))
@_JSON
def show(file: Path, as_json: bool) -> None:
    """Print the id of the key in FILE: what a repository's delegation names."""
    from packager.keys import load_key

    _show(file, load_key(file).public_key.keyid, as_json=as_json)


def _show(file: Path, key_id: str, *, as_json: bool) -> None:
    click.echo(
        json.dumps({"file": without_long_prefix(str(file)), "key_id": key_id})
        if as_json
        else key_id
    )
