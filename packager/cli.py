"""The command group ``packhorse pack``."""

import click

from packager.commands.apply import apply
from packager.commands.assign import assign
from packager.commands.build import build
from packager.commands.check import check
from packager.commands.diff import diff
from packager.commands.publish import publish
from packager.commands.timetable import timetable
from packager.commands.watch import watch
from packager.commands.withdraw import withdraw


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def pack() -> None:
    """Check, build, publish, assign and withdraw packs of lessons; publish timetables.

    A pack is a folder with a file pack.toml and the lessons' files.
    """


pack.add_command(check)
pack.add_command(build)
pack.add_command(watch)
pack.add_command(diff)
pack.add_command(apply)
pack.add_command(publish)
pack.add_command(assign)
pack.add_command(withdraw)
pack.add_command(timetable)
