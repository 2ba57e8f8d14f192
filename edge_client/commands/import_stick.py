"""``packhorse node import``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cache.state import StateDirectory
from core.control import error_of
from core.display import one_line
from core.errors import ExitCode, NoStateError, UsageError
from core.text import counted
from edge_client.commands.enrol import say_enrolled
from edge_client.commands.options import give, json_option, state_directory, state_option, tell
from edge_client.commands.stick_report import end, say_problems

if TYPE_CHECKING:
    from core.control_calls import SetupEntry, Stick, StickReport

_SHOWN = 200


@click.command("import", short_help="Take lessons and receipts from a stick.")
@click.argument("stick", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--setup",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Enrol from this setup file first.",
)
@click.option("--school", metavar="ID", help="Enrol first, from this school's setup file on it.")
@click.option("--again", is_flag=True, help="Leave the present hub or school for the file's.")
@state_option
@json_option
def import_stick(
    *,
    stick: Path,
    setup: Path | None,
    school: str | None,
    again: bool,
    state: str | None,
    as_json: bool,
) -> None:
    """Take from the stick in DIR what is for this node, and its lessons.

    Everything is verified exactly as what comes over the line. Give the same command again after
    a failure: it goes on. A machine that is not enrolled yet takes the stick's setup file, if
    there is one that nobody has used; of several, name the school. Exit codes: 3 when part of it
    failed, 12 when something was refused, 13 when the disk is full.

    \b
    Examples:
      packhorse node import /media/stick
      packhorse node import /media/stick --school 4404020017
    """  # noqa: D301 - \b is click's
    from edge_client.commands.errand import carry, enrol_with_setup

    if setup is not None and school is not None:
        raise UsageError("Give either --setup or --school.")
    where = state_directory(state)
    chosen = setup or _chosen(where, stick, school)
    if chosen is not None:
        enrolled = enrol_with_setup(where, str(chosen.absolute()), again=again)
        if not as_json:
            say_enrolled(enrolled, as_json=False)
    report = carry(where, "import", str(stick.absolute()))
    if as_json:
        give(report)
    else:
        _say(report)
    end(report, as_json=as_json)


def _chosen(where: StateDirectory, stick: Path, school: str | None) -> Path | None:
    """Choose the setup file to enrol with; None when the node is enrolled and none was named.

    Raises:
        UsageError: the school has none on the stick, or which it is must be said.
        NoStateError: the node is not enrolled, and there is none.
    """
    from edge_client.readings import Reader

    enrolment = Reader(where).enrolment()
    if enrolment is not None and school is None:
        return None
    setups = _look(where, stick).setups
    if school is not None:
        named = [one for one in setups if one.school == school]
        if not named:
            raise UsageError(
                "There is no setup file of school {school} on the stick.",
                hint="The hub's admin makes it: packhorse hub token --setup",
                school=repr(school[:100]),
            )
        return Path(named[0].path)
    return _only(where, setups)


def _look(where: StateDirectory, stick: Path) -> "Stick":
    from edge_client.sticks import who
    from sync.stick.look import look

    node, public_key = who(where)
    found = look(stick, node=node, public_key=public_key)
    if found.problem is not None:
        raise error_of(found.problem, ExitCode.OFFLINE)
    return found


def _only(where: StateDirectory, setups: "list[SetupEntry]") -> Path:
    unused = [one for one in setups if not one.used]
    if len(unused) == 1:
        return Path(unused[0].path)
    if not setups:
        raise NoStateError(
            "This machine is not enrolled yet, and there is no setup file on the stick.",
            hint="Ask the hub's admin for one, or run `packhorse node enrol` with a token.",
            path=str(where.root),
        )
    for one in setups[:_SHOWN]:
        used = "  (used by another node)" if one.used else ""
        tell(f"{one_line(one.school)}  {one_line(one.name)}{used}")
    raise UsageError(
        "This machine is not enrolled yet, and the stick has setup files of {count} schools.",
        hint="Name this school: --school ID, with the first word of its line above.",
        count=len(setups),
    )


def _say(report: "StickReport") -> None:
    for pack in report.packs:
        click.echo(f"{one_line(pack)} is here.")
    if report.acknowledged:
        records = counted(report.acknowledged, "usage record is", "usage records are")
        click.echo(f"{records} with the hub, says its receipt.")
    if not report.packs and not report.exit_code:
        click.echo("No new lessons." if report.acknowledged else "Nothing new.")
    say_problems(report)
