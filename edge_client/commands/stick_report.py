"""How the commands about sticks end."""

import click

from core.control import error_of
from core.control_calls import StickReport
from core.display import one_line
from core.errors import ExitCode
from edge_client.commands.options import tell


def say_problems(report: StickReport) -> None:
    """Say what went wrong, the most urgent first."""
    for problem in report.problems:
        error = error_of(problem, report.exit_code)
        tell(f"error: {one_line(str(error))}")
        if error.hint:
            tell(f"hint: {one_line(error.hint)}")


def end(report: StickReport, *, as_json: bool) -> None:
    """End with the report's exit code."""
    if report.exit_code != ExitCode.DONE:
        if as_json:
            say_problems(report)
        raise click.exceptions.Exit(report.exit_code)
