"""The command ``packhorse tui``."""

import os
import sys
from pathlib import Path

import click

from core.control import SOCKET_NAME
from core.errors import UsageError

_DEFAULT_STATE = "/var/lib/packhorse"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--state",
    metavar="DIR",
    envvar="PACKHORSE_STATE",
    default=_DEFAULT_STATE,
    show_default=True,
    type=click.Path(file_okay=False),
    help="The node's state directory, in which its control socket is.",
)
@click.option("--socket", metavar="PATH", help="The control socket itself.")
@click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    help="Language to begin with.  [default: the terminal's]",
)
def tui(state: str, socket: str | None, language: str | None) -> None:
    """Watch and steer the node from a terminal.

    Shows what is here, what is being fetched, how the line is, and what waits. Keys: r looks at
    the hub now, l changes the language, ? helps, q leaves (the node goes on).

    \b
    Example:
      packhorse tui --state /srv/packhorse --language zh
    """  # noqa: D301 - \b is click's
    # Textual draws on stderr.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "This needs a terminal.", hint="Use `packhorse node status` in scripts and pipes."
        )
    from tui.app import PackhorseTui
    from tui.client import ControlClient
    from tui.texts import language_of

    path = Path(socket) if socket else Path(state) / SOCKET_NAME
    PackhorseTui(ControlClient(path), language or language_of(os.environ)).run()
