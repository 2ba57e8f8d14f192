"""``packhorse hub report``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.text import counted
from hub.commands.output import directory_argument, give, json_option, table

if TYPE_CHECKING:
    from hub.reports import Report

_LAST_TEXT = 20
_LAST_JSON = 1000


@click.command(short_help="Report the usage that has come.")
@directory_argument
@click.option("--pack", default="", metavar="ID", help="Only statements about this pack.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Only statements from this day or moment on (UTC).",
)
@click.option(
    "--last",
    type=click.IntRange(0, 1_000_000),
    help=f"How many of the newest to show one by one. [default: {_LAST_TEXT}; {_LAST_JSON} with"
    " --json]",
)
@json_option
def report(
    directory: str, pack: str, since: datetime | None, last: int | None, as_json: bool
) -> None:
    """Report the usage that has come to the hub in DIR, by pack, item and verb."""
    from hub.commands.opening import open_registry
    from hub.layout import open_hub
    from hub.reports import Selection, make_report
    from hub.usage import UsageFiles

    if last is None:
        last = _LAST_JSON if as_json else _LAST_TEXT
    start = int(since.replace(tzinfo=UTC).timestamp() * 1000) if since else 0
    registry = open_registry(Path(directory))
    usage = UsageFiles(open_hub(Path(directory)).usage)
    made = make_report(registry, usage, Selection(pack, start, last))
    registry.close()
    if as_json:
        give(made)
    else:
        _print(made)


def _print(made: "Report") -> None:
    click.echo(counted(made.statements, "statement"))
    if made.rejected or made.conflicts:
        click.echo(f"{made.rejected} unreadable, {made.conflicts} sent again with other content")
    if made.counts:
        click.echo()
        rows = [(one.pack, one.item, one.verb, str(one.statements)) for one in made.counts]
        table(("PACK", "ITEM", "VERB", "STATEMENTS"), rows)
    if made.last:
        click.echo()
        newest = [
            (one.at, one.school, one.pack, one.item, one.verb, _seconds(one.position))
            for one in made.last
        ]
        table(("AT", "SCHOOL", "PACK", "ITEM", "VERB", "POSITION"), newest)


def _seconds(milliseconds: int) -> str:
    return "" if milliseconds < 0 else f"{milliseconds / 1000:.1f} s"
