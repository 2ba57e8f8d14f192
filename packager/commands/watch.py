"""``packhorse pack watch``."""

from pathlib import Path

import click

from packager.commands.options import DELTAS, JSON, LEVEL, WORKSPACE
from packager.places import Place


@click.command()
@click.argument("folder", type=Place(file_okay=False))
@click.option(
    "--repository",
    metavar="DIR|URL",
    help="Build against what is published there: the next version, and what changes.",
)
@WORKSPACE
@DELTAS
@LEVEL
@click.option(
    "--quiet",
    type=click.FloatRange(1, 3600),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="Build once nothing has changed for so long.",
)
@click.option(
    "--poll",
    is_flag=True,
    help="Look through the folder again and again: where the system tells nothing of changes.",
)
@JSON
def watch(
    folder: Path,
    *,
    repository: str | None,
    workspace: Path | None,
    deltas: int,
    level: int | None,
    quiet: float,
    poll: bool,
    as_json: bool,
) -> None:
    """Build FOLDER's pack whenever the folder has been quiet; publishes nothing.

    Never builds while a file is still being written, as far as the system tells, and says what
    it waits for. What is wrong with the folder is said once; it goes on when that is put right.
    Ctrl-C ends it.
    """
    from core.errors import UsageError
    from packager.commands.setting_up import workspace_of
    from packager.reader import reader_language
    from packager.watching.telling import Teller
    from packager.watching.watch import Watch, Watched

    place = workspace_of(folder, workspace)
    if not folder.is_dir():
        raise UsageError("{folder} is not a folder.", folder=str(folder))
    options = [
        "--deltas",
        str(deltas),
        *(["--repository", repository] if repository else []),
        *(["--workspace", str(workspace)] if workspace else []),
        *(["--level", str(level)] if level else []),
    ]
    teller = Teller(folder, as_json, reader_language())
    try:
        Watch(Watched(folder, place, options, quiet, poll), teller).run()
    except KeyboardInterrupt:
        teller.ends()
