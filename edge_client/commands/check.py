"""``packhorse node check``."""

from typing import TYPE_CHECKING

import click

from core.errors import ExitCode
from core.text import counted, human_bytes
from edge_client.commands.options import give, json_option, state_directory, state_option, tell

if TYPE_CHECKING:
    from cache.check import Report
    from cache.finding import Finding


@click.command(short_help="Check that everything on the disk is whole.")
@click.option("--deep", is_flag=True, help="Read all content too and compare its digests.")
@click.option("--repair", is_flag=True, help="Set right what can be; the rest is fetched again.")
@state_option
@json_option
def check(deep: bool, repair: bool, state: str | None, as_json: bool) -> None:
    """Check that everything that this node promises is true of its disk.

    Changes nothing unless --repair is given. Exit code 0 when all is well, 3 when something was
    found, also if it was repaired.

    \b
    Examples:
      packhorse node check
      packhorse node check --deep --repair
    """  # noqa: D301 - \b is click's
    from cache import check as checking

    where = state_directory(state)
    report = checking.check(where, deep=deep)
    remaining: tuple[Finding, ...] = report.findings
    if repair and not report.is_clean:
        checking.repair(where, report)
        remaining = checking.check(where, deep=deep).findings
    if as_json:
        give(_data(report, remaining, repaired=repair and not report.is_clean))
    else:
        _say(report, remaining, repair=repair)
    if not report.is_clean:
        raise click.exceptions.Exit(ExitCode.PARTIAL)


def _data(report: "Report", remaining: "tuple[Finding, ...]", *, repaired: bool) -> object:
    return {
        "clean": report.is_clean,
        "repaired": repaired,
        "blobs": report.blobs,
        "bytes": report.bytes,
        "leftovers": report.leftovers,
        "findings": [_finding(one) for one in report.findings],
        "remaining": [_finding(one) for one in remaining],
    }


def _finding(finding: "Finding") -> dict[str, object]:
    return {
        "text": str(finding),
        "hint": finding.hint.format(**finding.fields),
        "repairable": finding.repairable,
        "blob": finding.blob,
    }


def _say(report: "Report", remaining: "tuple[Finding, ...]", *, repair: bool) -> None:
    click.echo(f"{counted(report.blobs, 'file')} of content here, {human_bytes(report.bytes)}.")
    for finding in report.findings:
        click.echo(f"- {finding}")
    if report.is_clean:
        click.echo("Everything is as it should be.")
        return
    if not repair:
        hints = {finding.hint.format(**finding.fields) for finding in report.findings}
        for hint in sorted(hints):
            tell(f"hint: {hint}")
        return
    click.echo(f"Repaired {len(report.findings) - len(remaining)} of {len(report.findings)}.")
    for finding in remaining:
        tell(f"still: {finding} {finding.hint.format(**finding.fields)}")
    tell("Run `packhorse node sync` to fetch again what was lost.")
