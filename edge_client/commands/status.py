"""``packhorse node status``."""

from contextlib import suppress

import click
import msgspec

from cache.state import StateDirectory
from core.control import SOCKET_NAME, Status
from core.errors import PackhorseError
from edge_client.addresses import portal_address
from edge_client.commands.options import give, json_option, state_directory, state_option
from edge_client.control_client import connect
from edge_client.words import facts, pack_table, sentence


@click.command(short_help="Say what is here, what is being fetched, and how the line is.")
@state_option
@json_option
def status(state: str | None, as_json: bool) -> None:
    """Say in one sentence what matters, then how line, lessons, disk and backlog stand.

    Works without a running agent, too, from what is on the disk.

    \b
    Example:
      packhorse node status --json
    """  # noqa: D301 - \b is click's
    where = state_directory(state)
    client = connect(where.root / SOCKET_NAME)
    if client is None:
        found = from_disk(where)
    else:
        with client:
            found = client.status()
    if as_json:
        give({"running": client is not None, **msgspec.to_builtins(found)})
        return
    click.echo(sentence(found))
    click.echo()
    agent = "running" if client else "not running; start it with `packhorse node run`"
    for name, value in [("Agent", agent), *facts(found)]:
        click.echo(f"{name:<9} {value}")
    if found.packs:
        click.echo()
        for line in pack_table(found.packs):
            click.echo(line)


def from_disk(where: StateDirectory) -> Status:
    """Make a status of what is on the disk.

    Raises:
        NoStateError: there is no node.
    """
    from importlib.metadata import version

    from core.plan.planner import plan
    from edge_client.agent.board import Board
    from edge_client.agent.surroundings import look
    from edge_client.parts import parts_of
    from edge_client.planned import report_of
    from edge_client.readings import Reader

    parts = parts_of(where)
    settings, clock, school = parts.settings, parts.clock, parts.school
    readings = Reader(where, disk_floor=settings.disk_floor, school=school).read()
    board = Board(
        clock,
        portal=portal_address(settings.portal_listen),
        school_time=school.local,
        software=version("packhorse"),
    )
    board.look_around(look(settings.portal_listen, settings.stick_places))
    board.read(readings)
    # What cannot be read is among the problems that were read.
    with suppress(PackhorseError):
        situation = parts.planned.situation()
        board.planned(plan(situation), report_of(situation))
    found = board.status()
    if readings.contact.problem:
        return msgspec.structs.replace(found, line="down", reason=readings.contact.problem)
    return found
