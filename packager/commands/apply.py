"""``packhorse pack apply``."""

import json
from pathlib import Path

import click

from packager.commands.diff import INTERRUPTED
from packager.commands.ending import interruptible, tell
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
    from core.text import counted, without_long_prefix
    from packager.faults import printable
    from packager.folders.applying import apply_bundle
    from packager.progress import errors_told

    with errors_told("bar", INTERRUPTED), interruptible():
        rows = apply_bundle(old, bundle, output)
        name = printable(without_long_prefix(str(output)))
        words = f"{name} is made and proven: {counted(len(rows), 'file')}."
        data = {"files": len(rows), "bytes": sum(row.size for row in rows)}
        tell(str(output), [json.dumps(data) if as_json else words])
