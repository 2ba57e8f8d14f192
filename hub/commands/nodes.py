"""``packhorse hub nodes``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.commands.output import directory_argument, give, json_option, table, tell

if TYPE_CHECKING:
    from hub.fleet import FleetEntry

_HEAD = (
    "SCHOOL",
    "NAME",
    "NODE",
    "LAST CONTACT",
    "NEXT DAY",
    "LESSONS",
    "BACKLOG",
    "STATEMENTS",
    "WARNING",
)


@click.command(short_help="List schools and nodes, with what to do.")
@directory_argument
@json_option
def nodes(directory: str, as_json: bool) -> None:
    """List the schools and nodes of the hub in DIR: last contact, lessons, usage, warnings.

    NEXT DAY is how many of the next school day's lessons are ready. A node whose card was copied,
    whose token was tried again or that is not alone at its school is named; `--json` gives every
    warning and all figures.
    """
    from cache.clock import Clock
    from hub.commands.opening import open_fleet

    fleet, sentences = open_fleet(Path(directory), Clock().wall())
    for sentence in sentences:
        tell(f"warning: {sentence}")
    if as_json:
        give({"nodes": fleet, "warnings": sentences})
        return
    table(_HEAD, [_row(one) for one in fleet])


def _row(one: "FleetEntry") -> tuple[str, ...]:
    reported = one.reported
    evening = reported.evening if reported else None
    more = f" (and {len(one.warnings) - 1} more)" if len(one.warnings) > 1 else ""
    return (
        one.school,
        one.school_name,
        one.node or "-",
        one.last_contact or "-",
        f"{evening.ready}/{evening.count}" if evening else "-",
        f"{reported.here}/{reported.items}" if reported else "-",
        str(reported.backlog) if reported else "-",
        str(one.statements),
        f"{one.warnings[0].text}{more}" if one.warnings else "",
    )
