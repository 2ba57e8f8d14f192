"""``packhorse node export``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_client.commands.options import give, json_option, state_directory, state_option
from edge_client.commands.stick_report import end, say_problems

if TYPE_CHECKING:
    from core.control_calls import StickReport


@click.command("export", short_help="Put usage records for the hub on a stick.")
@click.argument("stick", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@state_option
@json_option
def export_stick(stick: Path, state: str | None, as_json: bool) -> None:
    """Put on the stick in DIR what the hub has not got: usage records, a report, the enrolment.

    They stay on this node, too, until a stick or the line brings the hub's receipt. Give the same
    command again after a failure: it goes on.

    \b
    Example:
      packhorse node export /media/stick
    """  # noqa: D301 - \b is click's
    from edge_client.commands.errand import carry

    report = carry(state_directory(state), "export", str(stick.absolute()))
    if as_json:
        give(report)
    else:
        _say(report)
    end(report, as_json=as_json)


def _say(report: "StickReport") -> None:
    if report.enrolment:
        click.echo("The enrolment request is on the stick.")
    click.echo(f"{report.statements} usage records are on the stick.")
    say_problems(report)
    if not report.exit_code:
        click.echo("Unmount the stick, then it is safe to remove.")
