"""``packhorse node sync``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from cache.state import StateDirectory
from core.codec import convert
from core.control import SOCKET_NAME, Status
from core.errors import ExitCode, NoStateError
from core.text import counted, human_bytes
from edge_client.commands.options import give, json_option, state_directory, state_option, tell
from edge_client.commands.progress import Progress
from edge_client.control_client import connect
from edge_client.report import RoundReport

if TYPE_CHECKING:
    from sync.events import Summary, Task


@click.command(short_help="Fetch what is new and send usage records, now.")
@state_option
@json_option
def sync(state: str | None, as_json: bool) -> None:
    """Look at the hub now, fetch what is new, and send the usage records that wait.

    Asks the running agent to do it and follows it; without one, does it itself. Exit codes:
    3 when part of it failed, 12 when something was refused, 13 when the disk is full, 14 when
    the hub cannot be reached.

    \b
    Example:
      packhorse node sync --state /srv/packhorse
    """  # noqa: D301 - \b is click's
    where = state_directory(state)
    report = RoundReport()
    with Progress() as progress:
        for news in _through_agent(where) or _by_itself(where):
            if isinstance(news, Status):
                progress.show(news)
            else:
                report = news
    if as_json:
        give(report)
    else:
        _say(report, where)
    if report.exit_code != ExitCode.DONE:
        if not as_json:
            tell(f"error: {report.message}")
            tell(f"hint: {report.hint}" if report.hint else "")
        raise click.exceptions.Exit(report.exit_code)


def _through_agent(where: StateDirectory) -> Iterator[Status | RoundReport] | None:
    """Let the running agent do it; None when none is running."""
    client = connect(where.root / SOCKET_NAME)
    if client is None:
        return None

    def follow() -> Iterator[Status | RoundReport]:
        with client:
            for news in client.sync():
                yield news if isinstance(news, Status) else convert(news, RoundReport)

    return follow()


def _by_itself(where: StateDirectory) -> Iterator[Status | RoundReport]:
    """Run the worker from here, as the agent would.

    Raises:
        NoStateError: the node is not enrolled.
    """
    from cache.clock import Clock
    from edge_client.agent.board import Board
    from edge_client.commands.foreground import run_worker
    from edge_client.readings import Reader
    from edge_client.report import report_of

    reader = Reader(where)
    if reader.enrolment() is None:
        raise NoStateError(
            "There is no enrolled node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(where.root),
        )
    board = Board(Clock())
    board.read(reader.read())
    runs: list[Summary] = []
    tasks: list[Task] = ["pull", "upload"]
    for task in tasks:
        if task == "upload" and (not board.backlog or runs[0].exit_code == ExitCode.OFFLINE):
            break
        board.begin(task)
        summary = yield from run_worker(task, where, board)
        runs.append(summary)
        board.end(summary, next_try=0.0)
        board.read(reader.read())
    yield report_of(runs)


def _say(report: RoundReport, where: StateDirectory) -> None:
    for pack in report.packs:
        state = "complete" if pack.complete else "not complete yet"
        click.echo(
            f"{pack.pack} version {pack.version}: {human_bytes(pack.bundle_bytes)} fetched"
            f" for {human_bytes(pack.content_size)} of content, {state}."
        )
    # Where nothing could begin, the error says why.
    ended = [run for run in report.runs if run.exit_code == ExitCode.DONE]
    held = next((run for run in ended if run.hold not in {"", "done"}), None)
    if held is not None:
        click.echo(f"Nothing more travels by line now: {_why(held, where)}.")
    elif not report.packs and report.exit_code == ExitCode.DONE:
        click.echo("Nothing new.")
    if report.acknowledged:
        records = counted(report.acknowledged, "usage record is", "usage records are")
        click.echo(f"{records} with the hub.")
    if report.by_peers:
        click.echo(f"{human_bytes(report.by_peers)} came from other nodes.")
    moved = report.traffic.received + report.traffic.sent
    click.echo(f"{human_bytes(moved)} crossed the line.")


def _why(run: "Summary", where: StateDirectory) -> str:
    from edge_client.floor import read_floor
    from edge_client.parts import parts_of
    from edge_client.plan_words import held

    school = parts_of(where).school
    now = school.now(read_floor(where)).moment
    return held(run.hold, run.until, now.timestamp() if now else 0.0, school.here)
