"""``packhorse node teacher``."""

import sys

import click

from core.control_calls import Teacher, TeacherCall
from edge_client.commands.agent_or_disk import through_agent
from edge_client.commands.options import give, json_option, state_directory, state_option, tell

_LONGEST_LINE = 100


@click.group(short_help="Say which teachers may lead classes.")
def teacher() -> None:
    """Say which teachers may lead classes, each with a PIN of 4 to 8 digits.

    \b
    Example:
      packhorse node teacher add 王老师
    """  # noqa: D301 - \b is click's


@teacher.command("add", short_help="Add a teacher, or give one another PIN.")
@click.argument("name")
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from standard input, unasked.")
@state_option
@json_option
def add(name: str, pin_stdin: bool, state: str | None, as_json: bool) -> None:
    """Add the teacher NAME, or give them another PIN. The PIN is asked for, and not shown.

    \b
    Examples:
      packhorse node teacher add 王老师
      echo 7391 | packhorse node teacher add 王老师 --pin-stdin
    """  # noqa: D301 - \b is click's
    from core import pins

    where = state_directory(state)
    pin = _read_pin() if pin_stdin else _ask_pin()
    pins.check_pin(pin)
    call = TeacherCall(name=name, pin=pin)

    def here() -> dict[str, object]:
        from edge_client import people
        from edge_client.commands.time import today

        people.add_teacher(where, call, today(where))
        return {}

    through_agent(where, dict[str, object], here, "add_teacher", name=name, pin=pin)
    _done(as_json, f"{name} may lead classes now.")


@teacher.command("list", short_help="List the teachers.")
@state_option
@json_option
def list_(state: str | None, as_json: bool) -> None:
    """List the teachers who may lead classes; PINs are never told.

    \b
    Example:
      packhorse node teacher list
    """  # noqa: D301 - \b is click's
    where = state_directory(state)

    def here() -> list[Teacher]:
        from edge_client import people

        return people.teachers(where)

    found = through_agent(where, list[Teacher], here, "teachers")
    if as_json:
        give(found)
        return
    for one in found:
        click.echo(f"{one.name}  since {one.since}" if one.since else one.name)
    if not found:
        tell("No teachers yet. Add one: packhorse node teacher add NAME")


@teacher.command("remove", short_help="Remove a teacher.")
@click.argument("name")
@state_option
@json_option
def remove(name: str, state: str | None, as_json: bool) -> None:
    """Remove the teacher NAME, who may not lead classes any more.

    \b
    Example:
      packhorse node teacher remove 王老师
    """  # noqa: D301 - \b is click's
    where = state_directory(state)
    call = TeacherCall(name=name)

    def here() -> dict[str, object]:
        from edge_client import people

        people.remove_teacher(where, call)
        return {}

    through_agent(where, dict[str, object], here, "remove_teacher", name=name)
    _done(as_json, f"{name} may not lead classes any more.")


def _ask_pin() -> str:
    return str(click.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True))


def _read_pin() -> str:
    """Read one line; not as an argument, which whoever lists processes would see."""
    return sys.stdin.readline(_LONGEST_LINE).strip()


def _done(as_json: bool, sentence: str) -> None:
    if as_json:
        give({})
    else:
        tell(sentence)
