"""``packhorse node export``."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.text import counted
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
        _say(report, stick)
    end(report, as_json=as_json)


def _say(report: "StickReport", stick: Path) -> None:
    if report.enrolment:
        click.echo("The enrolment request is on the stick.")
    records = counted(report.statements, "usage record is", "usage records are")
    click.echo(f"{records} on the stick.")
    say_problems(report)
    if not report.exit_code:
        click.echo(_parting(stick.absolute()))


def _parting(stick: Path) -> str:
    """Say how the stick is let go of; of a plain folder, that a stick would have to be."""
    mounts = [place for place in (stick, *stick.parents) if os.path.ismount(place)]
    if not mounts or mounts[0] == Path("/"):
        return "A stick may be taken out once it is unmounted."
    place = shlex.quote(str(mounts[0]))
    return f"Before you take it out: sudo umount {place}, or key o on screen 4 of `packhorse tui`."
