"""Options that several commands have."""

from pathlib import Path

import click

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="Print data instead of words.")
WORKSPACE = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where builds are kept between runs.  [default: FOLDER/.packhorse]",
)
LEVEL = click.option(
    "--level",
    type=click.IntRange(1, 22),
    metavar="1-22",
    help="Compression: lower is quicker, higher is smaller.  [default: 19, for deltas up to 22]",
)
DELTAS = click.option(
    "--deltas",
    type=click.IntRange(0, 16),
    default=3,
    show_default=True,
    metavar="N",
    help="Make deltas from the last N versions.",
)
