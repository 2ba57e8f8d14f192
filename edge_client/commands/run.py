"""``packhorse node run``."""

import os
import sys

import click

from edge_client.commands.options import state_directory, state_option


@click.command(short_help="Serve lessons and keep them up to date.")
@state_option
def run(state: str | None) -> None:
    """Serve lessons to the school and keep them up to date, until stopped.

    Starts the portal and the agent, and starts again the one that dies. Ctrl-C or SIGTERM ends
    both. When the portal listens, its addresses are printed as one line of JSON.

    \b
    Example:
      packhorse node run --state /srv/packhorse
    """  # noqa: D301 - \b is click's
    root = state_directory(state).root
    command = [sys.executable, "-m", "edge_client.supervisor", "--state", str(root)]
    sys.stdout.flush()
    # Replaces this process, so that nothing of the command line stays in memory.
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
