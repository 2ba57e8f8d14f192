"""Options that several commands have."""

import click

from packager.places import Place

FOLDER = click.argument("folder", type=Place())
JSON = click.option("--json", "as_json", is_flag=True, help="Print data instead of words.")
WORKSPACE = click.option(
    "--workspace",
    type=Place(file_okay=False),
    metavar="DIR",
    help="Where builds are kept between runs.  [default: FOLDER/.packhorse]",
)
PROGRESS = click.option(
    "--progress",
    type=click.Choice(["bar", "json"]),
    default="bar",
    show_default=True,
    help="How progress is told on stderr: a bar on a terminal, or lines of JSON.",
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
REPOSITORY = click.option(
    "--repository",
    required=True,
    envvar="PACKHORSE_REPOSITORY",
    metavar="DIR|URL",
    help="The repository's directory, or its store's URL, such as s3://bucket/path."
    "  [env: PACKHORSE_REPOSITORY]",
)
KEY = click.option(
    "--key",
    required=True,
    envvar="PACKHORSE_KEY",
    type=Place(),
    metavar="FILE",
    help="Your publisher's key.  [env: PACKHORSE_KEY]",
)
AFTER_ANOTHER = click.option(
    "--after-another-key",
    "after_another",
    is_flag=True,
    help="Go on from what a colleague's key, or your old one, signed last.",
)
WAIT = click.option(
    "--wait",
    type=click.IntRange(0, 86_400),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the hub to sequence it.",
)
YES = click.option("--yes", is_flag=True, help="Publish without asking.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would change, and stop there.")
