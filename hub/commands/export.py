"""``packhorse hub export``."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from core.errors import ExitCode
from core.text import counted, human_bytes
from hub.commands.output import directory_argument, give, json_option, tell

if TYPE_CHECKING:
    from hub.serve.service import Service
    from hub.stick.export import Exported


@click.command(short_help="Fill a stick for schools without a line.")
@directory_argument
@click.argument("stick", metavar="STICK", type=click.Path(file_okay=False, path_type=Path))
@click.option("--group", default="", help="Only what the schools of this group should hold.")
@click.option(
    "--until",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Sign again what would expire before the end of this day.",
)
@click.option(
    "--setup",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder of the setup files, instead of the hub's own setup/.",
)
@click.option("--check", is_flag=True, help="Read again what is on the stick already.")
@json_option
def export(
    *,
    directory: str,
    stick: Path,
    group: str,
    until: datetime | None,
    setup: Path | None,
    check: bool,
    as_json: bool,
) -> None:
    """Fill STICK from the hub in DIR: packs, receipts, and setup files that were not used yet.

    STICK is where a stick is mounted, or any folder. Only what is missing is copied, and what is
    stale is removed, so give the same command again after a failure, or for the next term. Ends
    with 3 when not all of it can be installed until DATE.

    \b
    Examples:
      packhorse hub export /srv/hub /media/stick
      packhorse hub export /srv/hub /media/stick --group mountains --until 2027-02-01
    """  # noqa: D301 - \b is click's
    from cache.clock import Clock
    from hub.layout import open_hub
    from hub.serve.service import open_service
    from hub.stick.export import Wish
    from hub.stick.export import export as fill

    service = open_service(open_hub(Path(directory)), Clock())
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else None
    try:
        if end is not None:
            _renew(service, end)
        wish = Wish(group=group, setup=setup, until=end, check=check)
        with _Bar() as bar:
            done = fill(service, stick, wish, bar.telling)
    finally:
        service.registry.close()
    _say(done)
    if as_json:
        give(done)
    if done.early:
        raise click.exceptions.Exit(ExitCode.PARTIAL)


def _renew(service: "Service", until: datetime) -> None:
    """Sign again what would expire; a hub without these keys goes on with what there is."""
    from core.errors import NoStateError
    from hub.stick.renewing import renew

    if service.mirror is not None:
        tell("A mirror signs nothing: what is on the stick is good as long as it is.")
        return
    try:
        for role in renew(service.sequencer, until):
            tell(f"Renewed the {role} role.")
    except NoStateError as error:
        tell(f"warning: nothing could be signed again: {error}")


class _Bar:
    """A bar on a terminal; elsewhere one line."""

    def __init__(self) -> None:
        from hub.stick.export import Telling

        self._bar: click._termui_impl.ProgressBar[int] | None = None
        self.telling = Telling(self._begin, self._came)

    def __enter__(self) -> Self:
        """Give this."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the bar's line."""
        if self._bar is not None:
            self._bar.render_finish()

    def _begin(self, total: int) -> None:
        if not total:
            return
        if not sys.stderr.isatty():
            tell(f"Copying {human_bytes(total)} ...")
            return
        self._bar = click.progressbar(length=total, label="Copying", file=sys.stderr)
        self._bar.render_progress()

    def _came(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)


def _say(done: "Exported") -> None:
    tell(
        f"In {done.path}: {counted(len(done.packs), 'pack')} ({human_bytes(done.bytes)}),"
        f" of which {human_bytes(done.copied_bytes)} were copied now."
    )
    tell(f"{counted(done.setups, 'setup file')}, {counted(done.receipts, 'new receipt')}.")
    tell(
        f"Last day on which all of it can be installed: {done.last_day}"
        f" (then the signature of {done.first_to_expire} expires)."
    )
    if done.early:
        tell("warning: that is before the day that you asked for.")
    tell("The stick may be unplugged once it is unmounted.")
