"""``packhorse node enrol``."""

import sys
from typing import TextIO

import click

from cache.clock import Clock
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
    from sync.enrol import enrol as join

    text = _token(token, token_file)
    where = state_directory(state)
    identity = join(where, text, Clock(), again=again)
    if as_json:
        give({"node": identity.node, "school": identity.school, "hub": identity.url})
        return
    tell(f"Enrolled as node {identity.node} of {identity.school} at {identity.url}.")
    tell("Next: packhorse node run (or packhorse node sync, to fetch the lessons now).")


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
