"""``packhorse node enrol``."""

import sys
from typing import TextIO

import click

from core.control_calls import Enrolled
from core.display import one_line
from core.errors import UsageError
from core.token import MAX_TOKEN_CHARACTERS
from edge_client.commands.options import give, json_option, state_directory, state_option, tell


@click.command(short_help="Join a hub with a token.")
@click.argument("token", required=False)
@click.option(
    "--token-file", type=click.File("r", errors="replace"), help="Read the token from this file."
)
@click.option("--again", is_flag=True, help="Leave the present hub for the token's.")
@state_option
@json_option
def enrol(
    token: str | None,
    token_file: TextIO | None,
    again: bool,
    state: str | None,
    as_json: bool,
) -> None:
    """Join the hub that gave TOKEN; `-` reads the token from standard input.

    The node makes its own key and proves to the hub that it holds the token. Trying again with
    the same token after a failure is safe.

    \b
    Examples:
      packhorse node enrol ph1-kaVodHRwczovL2h1Yi5leGFtcGxl...
      packhorse node enrol --token-file /media/stick/token.txt
    """  # noqa: D301 - \b is click's
    from edge_client.commands.errand import enrol_with_token

    done = enrol_with_token(state_directory(state), _token(token, token_file), again=again)
    say_enrolled(done, as_json=as_json)
    if not as_json:
        tell("Next: packhorse node run (or packhorse node sync, to fetch the lessons now).")


def say_enrolled(done: Enrolled, *, as_json: bool) -> None:
    """Say who the node is now."""
    if as_json:
        give(done)
        return
    tell(f"Enrolled as node {done.node} of {one_line(done.school)} at {one_line(done.hub)}.")
    if done.pending:
        tell("The hub has not heard of it yet: it does with the next stick or line.")


def _token(given: str | None, file: TextIO | None) -> str:
    """Take the token from where it was given.

    Raises:
        UsageError: none was given, or two.
    """
    if (given is None) == (file is None):
        raise UsageError(
            "Give the token once: as an argument, as `-` for standard input, or by --token-file.",
            hint="The hub's admin makes it with: packhorse hub token",
        )
    if given is not None and given != "-":
        return given
    if file is not None:
        return file.read(2 * MAX_TOKEN_CHARACTERS)
    return sys.stdin.buffer.read(2 * MAX_TOKEN_CHARACTERS).decode("utf-8", "replace")
