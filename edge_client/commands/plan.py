"""``packhorse node plan``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cache.state import StateDirectory
from core.control import SOCKET_NAME
from core.control_calls import parse_result
from core.plan.model import Plan
from core.standing import FACT as STANDING
from edge_client.commands.options import give, json_option, state_directory, state_option, whole
from edge_client.control_client import connect
from edge_client.plan_words import action_lines, hold_sentence, lesson_lines, quote_sentence

if TYPE_CHECKING:
    from edge_client.parts import Parts


@click.command(short_help="Say what will be fetched, when it is here, and what it costs.")
@click.option("--at", default="", metavar="TIME", help="As if it were then: 2026-11-27T08:00.")
@state_option
@json_option
def plan(at: str, state: str | None, as_json: bool) -> None:
    """Say what will be fetched before anything moves: what it costs, what the lessons of today and
    of the next school day can count on, and in which order things come.

    Times are the school's. Works without a running agent, too, from what is on the disk.

    \b
    Examples:
      packhorse node plan
      packhorse node plan --at 2026-11-27T08:00
    """  # noqa: D301, D205 - \b is click's
    from edge_client.parts import parts_of

    where = state_directory(state)
    parts = parts_of(where)
    if at:
        # Refuses what is no time, in words.
        parts.school.moment_of(at)
    found = _plan(where, parts, at)
    if as_json:
        give(whole(found))
        return
    if found.actions or _has_heard(where):
        click.echo(quote_sentence(found, parts.school.here))
    else:
        click.echo("Nobody has told this node yet what is wanted here: packhorse node sync.")
    if hold := hold_sentence(found, parts.school.here):
        click.echo(hold)
    if found.lessons or not found.is_time_known:
        _block(lesson_lines(found, parts.school.here))
    if found.actions:
        _block(action_lines(found, parts.school.here))


def _plan(where: StateDirectory, parts: "Parts", at: str) -> Plan:
    client = connect(where.root / SOCKET_NAME)
    if client is None:
        return parts.planned.plan(at)
    with client:
        return parse_result(client.call("plan", at=at), Plan)


def _has_heard(where: StateDirectory) -> bool:
    """Say whether a hub, a stick or another node has ever told what is wanted here."""
    from cache.agent_reader import AgentReader

    return AgentReader(where.agent).fact(STANDING) is not None


def _block(lines: Iterable[str]) -> None:
    click.echo()
    for line in lines:
        click.echo(line)
