"""``packhorse pack apply``."""

import json
from pathlib import Path

import click

from packager.commands.options import JSON
from packager.places import Place


@click.command()
@click.argument("old", type=Place(file_okay=False), metavar="OLD_DIR")
@click.argument("bundle", type=Place(dir_okay=False), metavar="BUNDLE")
@click.option(
    "-o",
    "--output",
    required=True,
    type=Place(file_okay=False),
    metavar="NEW_DIR",
    help="Where the new folder goes; it must not be there yet, or be empty.",
)
@JSON
def apply(old: Path, bundle: Path, *, output: Path, as_json: bool) -> None:
    """Make NEW_DIR from OLD_DIR and a BUNDLE that `pack diff` has made.

    The new folder appears whole and proven, or not at all; OLD_DIR stays as it is.
    """
    from core.text import counted
    from packager.folders.applying import apply_bundle

    rows = apply_bundle(old, bundle, output)
    if as_json:
        click.echo(json.dumps({"files": len(rows), "bytes": sum(row.size for row in rows)}))
    else:
        click.echo(f"{output} is made and proven: {counted(len(rows), 'file')}.")
