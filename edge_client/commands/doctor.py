"""``packhorse node doctor``."""

import click

from core.control_calls import Finding
from core.display import one_line
from core.errors import ExitCode
from edge_client.commands.agent_or_disk import through_agent
from edge_client.commands.options import give, json_option, state_directory, state_option

# The agent gives its own doctor a minute.
_SECONDS = 70.0
_MARKS = {"good": "ok", "warning": "!", "bad": "!!"}


@click.command(short_help="Look at everything that commonly goes wrong, and say what to do.")
@state_option
@json_option
def doctor(state: str | None, as_json: bool) -> None:
    """Look at clock, disk, line, hub, enrolment, expiry, ports, name, state, assignment and sticks.

    Each is one sentence and, unless it is well, its cure. Changes nothing. Exit code 0 when all
    is well, 3 when something was found.

    \b
    Example:
      packhorse node doctor
    """  # noqa: D301 - \b is click's
    where = state_directory(state)

    def here() -> list[Finding]:
        from edge_client.doctor.examine import examine

        return examine(where)

    findings = through_agent(where, list[Finding], here, "doctor", seconds=_SECONDS)
    found = [finding for finding in findings if finding.state != "good"]
    if as_json:
        give({"good": not found, "findings": [_data(finding) for finding in findings]})
    else:
        _say(findings)
    if found:
        raise click.exceptions.Exit(ExitCode.PARTIAL)


def _data(finding: Finding) -> dict[str, str]:
    sentence, hint = _texts(finding)
    return {"name": finding.name, "state": finding.state, "text": sentence, "hint": hint}


def _say(findings: list[Finding]) -> None:
    for finding in findings:
        sentence, hint = _texts(finding)
        click.echo(f"{_MARKS[finding.state]:<3} {finding.name:<11} {sentence}")
        if hint:
            click.echo(f"{'':<15} {hint}")


def _texts(finding: Finding) -> tuple[str, str]:
    """Fill in the sentence and its cure; what came from outside is made harmless."""
    fields = {name: one_line(value) for name, value in finding.sentence.fields.items()}
    return (
        finding.sentence.template.format(**fields),
        finding.sentence.hint.format(**fields),
    )
