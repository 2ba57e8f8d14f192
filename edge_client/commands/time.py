"""``packhorse node time``."""

from typing import TYPE_CHECKING

import click

from cache.state import StateDirectory
from core.control import Status
from edge_client.commands.agent_or_disk import through_agent
from edge_client.commands.options import give, json_option, state_directory, state_option, tell
from edge_client.commands.status import from_disk

if TYPE_CHECKING:
    from cache.school_clock import SchoolClock


@click.command(short_help="Show or confirm the school's time.")
@click.argument("local", metavar="[YYYY-MM-DDTHH:MM]", required=False)
@state_option
@json_option
def time(local: str | None, state: str | None, as_json: bool) -> None:
    """Show the school's time, or confirm what the school's clock shows now.

    A machine without a clock of its own does not know the time after a power cut. What a person
    confirms runs on until the machine is switched off.

    \b
    Examples:
      packhorse node time
      packhorse node time 2026-11-25T08:28
    """  # noqa: D301 - \b is click's
    where = state_directory(state)
    if local is not None:

        def here() -> dict[str, object]:
            from edge_client.readings import Reader

            _clock(where).confirm(local, Reader(where).floor())
            return {}

        through_agent(where, dict[str, object], here, "confirm_time", local=local)
    found = through_agent(where, Status, lambda: from_disk(where), "status")
    if as_json:
        give({"time": found.school_time, "known": found.school_time_known})
        return
    if found.school_time:
        click.echo(found.school_time.replace("T", " "))
    if not found.school_time_known:
        tell("Nobody has confirmed the time since this machine was started.")
        tell(f"hint: packhorse node time {_example(where)}")


def _example(where: StateDirectory) -> str:
    from edge_client.readings import Reader

    return _clock(where).example(Reader(where).floor())


def today(where: StateDirectory) -> str:
    """Give the school's date as far as it is known."""
    from edge_client.readings import Reader

    return _clock(where).local(Reader(where).floor()).text[:10]


def _clock(where: StateDirectory) -> "SchoolClock":
    from cache.clock import Clock
    from cache.school_clock import SchoolClock
    from edge_client import config

    return SchoolClock(where, Clock(), zone=config.load(where.root).time_zone)
