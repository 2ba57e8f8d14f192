"""The command group ``packhorse hub``."""

import click

from hub.commands.admin import admin
from hub.commands.export import export
from hub.commands.import_stick import import_stick
from hub.commands.init import init
from hub.commands.mirror import mirror
from hub.commands.nodes import nodes
from hub.commands.renew import renew
from hub.commands.report import report
from hub.commands.serve import serve
from hub.commands.sign import sign
from hub.commands.token import token


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def hub() -> None:
    """Serve a repository, enrol schools, take in usage, by line and by stick."""


_COMMANDS = (init, serve, mirror, sign, renew, token, nodes, report, admin, export, import_stick)

for _command in _COMMANDS:
    hub.add_command(_command)
