"""The command group ``packhorse node``: one module per command."""

import click

from edge_client.commands.check import check
from edge_client.commands.doctor import doctor
from edge_client.commands.enrol import enrol
from edge_client.commands.export_stick import export_stick
from edge_client.commands.import_stick import import_stick
from edge_client.commands.line import line
from edge_client.commands.name import name
from edge_client.commands.plan import plan
from edge_client.commands.run import run
from edge_client.commands.status import status
from edge_client.commands.sync import sync
from edge_client.commands.teacher import teacher
from edge_client.commands.time import time


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def node() -> None:
    """Run a school's edge node.

    The node's state lies in one directory: --state, else the variable PACKHORSE_STATE, else
    /var/lib/packhorse. Exit codes: 0 done, 2 usage, 3 partly done, 10 not enrolled, 11 already
    running, 12 refused, 13 no space, 14 offline.
    """


for _command in (
    enrol, run, sync, plan, status, line, import_stick, export_stick, check, doctor, name, time,
    teacher,
):  # fmt: skip
    node.add_command(_command)
