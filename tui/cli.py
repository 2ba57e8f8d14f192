"""The command ``packhorse tui``."""

import asyncio
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

    Seven screens, by their numbers: Today (are tomorrow's lessons here, and what helps if not?),
    Packs, Usage, Stick (import and export), Setup (enrolment, names, time, addresses, teachers),
    Health (what is wrong and what to do) and Line (its hours, budget and switches). The last
    line shows the keys; ? helps, l changes the language, q leaves (the node goes on). A terminal
    that can only print lines gets Today as text.

    \b
    Example:
      packhorse tui --state /srv/packhorse --language zh
    """  # noqa: D301 - \b is click's
    # Textual draws on stderr.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "This needs a terminal.", hint="Use `packhorse node status` in scripts and pipes."
        )
    from core.languages import terminal_language
    from tui.client import ControlClient
    from tui.plain import is_plain, plain_lines
    from tui.texts import load_languages

    agent = ControlClient(Path(socket) if socket else Path(state) / SOCKET_NAME)
    tag = language or terminal_language(os.environ)
    if is_plain(os.environ):
        for line in asyncio.run(plain_lines(agent, load_languages()[tag])):
            click.echo(line)
        return
    from tui.app import PackhorseTui

    PackhorseTui(agent, tag).run()
