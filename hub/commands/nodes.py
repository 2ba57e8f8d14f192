"""``packhorse hub nodes``."""

from pathlib import Path

import click

from hub.commands.output import directory_argument, give, json_option, table


@click.command(short_help="List the enrolled nodes.")
@directory_argument
@json_option
def nodes(directory: str, as_json: bool) -> None:
    """List the nodes enrolled at the hub in DIR, with what has come from each."""
    from hub.commands.opening import open_registry
    from hub.fleet import list_fleet

    registry = open_registry(Path(directory))
    fleet = list_fleet(registry)
    registry.close()
    if as_json:
        give({"nodes": fleet})
        return
    rows = [
        (
            one.node,
            one.school,
            one.enrolled,
            one.last_contact,
            str(one.statements),
            str(one.missing),
            str(one.conflicts),
        )
        for one in fleet
    ]
    head = ("NODE", "SCHOOL", "ENROLLED", "LAST CONTACT", "STATEMENTS", "MISSING", "CONFLICTS")
    table(head, rows)
