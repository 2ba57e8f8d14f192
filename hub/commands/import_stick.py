"""``packhorse hub import``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.display import one_line
from core.errors import ExitCode
from core.text import counted
from hub.commands.output import directory_argument, give, json_option, tell

if TYPE_CHECKING:
    from hub.stick.intake import Imported


@click.command("import", short_help="Take what a stick brings back from schools.")
@directory_argument
@click.argument("stick", metavar="STICK", type=click.Path(file_okay=False, path_type=Path))
@json_option
def import_stick(directory: str, stick: Path, as_json: bool) -> None:
    """Take enrolments, reports and usage from STICK into the hub in DIR, and leave receipts.

    STICK is where a stick is mounted, or any folder. Importing it twice changes nothing. The
    receipts go back to the schools, whose nodes then forget what the hub has. Ends with 3 when
    something could not be taken.

    \b
    Example:
      packhorse hub import /srv/hub /media/stick
    """  # noqa: D301 - \b is click's
    from cache.clock import Clock
    from hub.layout import open_hub
    from hub.serve.service import open_service
    from hub.stick.intake import import_stick as take

    service = open_service(open_hub(Path(directory)), Clock())
    try:
        done = take(service, stick)
    finally:
        service.registry.close()
    _say(done)
    if as_json:
        give(done)
    if done.problems:
        raise click.exceptions.Exit(ExitCode.PARTIAL)


def _say(done: "Imported") -> None:
    for one in done.enrolled:
        tell(f"Node {one.node} of {one_line(one.school)} is enrolled.")
    tell(
        f"{counted(done.nodes, 'node')}: {counted(done.statements, 'new usage record')} in"
        f" {counted(done.batches, 'batch', 'batches')}, {counted(done.reports, 'report')};"
        f" {counted(done.receipts, 'receipt')} written."
    )
    for trouble in done.problems:
        node = f"node {trouble.node}: " if trouble.node else ""
        count = f" ({trouble.files} files)" if trouble.files > 1 else ""
        tell(f"warning: {node}{one_line(trouble.error)}{count}")
        if trouble.hint:
            tell(f"hint: {one_line(trouble.hint)}")
