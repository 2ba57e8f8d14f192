"""``packhorse node name``."""

import click

from core.control import Status
from core.control_calls import NamesCall
from core.display import one_line
from edge_client.commands.agent_or_disk import through_agent
from edge_client.commands.options import give, json_option, state_directory, state_option
from edge_client.commands.status import from_disk


@click.command(short_help="Say what people call the school and this node.")
@click.option("--school", metavar="NAME", help="The school's name; empty takes it away.")
@click.option("--node", metavar="NAME", help="This node's name, such as a room.")
@state_option
@json_option
def name(school: str | None, node: str | None, state: str | None, as_json: bool) -> None:
    """Say what people call the school and this node; without options, show it.

    \b
    Example:
      packhorse node name --school 斗门第一小学 --node 三楼
    """  # noqa: D301 - \b is click's
    where = state_directory(state)
    if school is not None or node is not None:
        call = NamesCall(school_name=school, node_name=node)

        def here() -> dict[str, object]:
            from edge_client import people

            people.set_names(where, call)
            return {}

        through_agent(
            where, dict[str, object], here, "set_names", school_name=school, node_name=node
        )
    found = through_agent(where, Status, lambda: from_disk(where), "status")
    # The agent reads anew what it has written a moment later.
    names = {
        "school": found.school_name if school is None else one_line(school),
        "node": found.node_name if node is None else one_line(node),
    }
    if as_json:
        give(names)
        return
    click.echo(f"School  {names['school'] or '(none)'}")
    click.echo(f"Node    {names['node'] or '(none)'}")
