"""What the commands share: options, and how they speak."""

import sys

import click
import msgspec

from cache.state import StateDirectory
from edge_client.config import STATE_VARIABLE, state_root

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
state_option = click.option(
    "--state",
    metavar="DIR",
    envvar=STATE_VARIABLE,
    type=click.Path(file_okay=False),
    help="The node's state directory.  [default: /var/lib/packhorse]",
)


def state_directory(option: str | None) -> StateDirectory:
    """Give the places of the node that a command is about."""
    return StateDirectory(state_root(option).absolute())


def tell(sentence: str) -> None:
    """Narrate on stderr."""
    click.echo(sentence, err=True)


def give(value: object) -> None:
    """Print a result on stdout as JSON, indented for a person who looks."""
    data = msgspec.json.encode(value)
    if sys.stdout.isatty():
        data = msgspec.json.format(data)
    click.echo(data.decode())


def whole(value: object) -> object:
    """Give a result with all its fields, also those that have their usual value."""
    if isinstance(value, msgspec.Struct):
        return {name: whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [whole(one) for one in value]
    return value
