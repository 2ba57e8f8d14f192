"""What a person asks for and a worker does: by the agent when it runs, else from here."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from cache.clock import Clock
from cache.state import StateDirectory
from core.control import SOCKET_NAME, Status
from core.control_calls import Enrolled, StickReport, parse_result
from core.token import decode_token
from edge_client.agent.board import Board
from edge_client.agent.carrying import enrolled_of, report_of
from edge_client.commands.foreground import run_worker
from edge_client.commands.progress import Progress
from edge_client.control_client import connect
from edge_client.readings import Reader
from sync.events import Summary, Task

T = TypeVar("T")


def enrol_with_token(where: StateDirectory, token: str, *, again: bool) -> Enrolled:
    """Enrol with a token.

    Raises:
        PackhorseError: why that cannot be.
    """
    # A mistyped one makes no state directory.
    decode_token(token)
    answer = _through_agent(where, Enrolled, "enrol", token=token, again=again)
    if answer is not None:
        return answer
    return enrolled_of(_by_itself(where, "enrol", _options(again=again), token.encode()))


def enrol_with_setup(where: StateDirectory, path: str, *, again: bool) -> Enrolled:
    """Enrol from a setup file.

    Raises:
        PackhorseError: why that cannot be.
    """
    answer = _through_agent(where, Enrolled, "enrol_setup", path=path, again=again)
    if answer is not None:
        return answer
    return enrolled_of(_by_itself(where, "enrol-setup", [path, *_options(again=again)]))


def carry(where: StateDirectory, task: Task, path: str) -> StickReport:
    """Import a stick, or export to one.

    Raises:
        PackhorseError: the agent refuses it.
    """
    method = "import_stick" if task == "import" else "export_stick"
    answer = _through_agent(where, StickReport, method, path=path)
    return report_of(_by_itself(where, task, [path])) if answer is None else answer


def _options(*, again: bool) -> list[str]:
    return ["--again"] if again else []


def _through_agent(where: StateDirectory, kind: type[T], method: str, **params: object) -> T | None:
    """Let the running agent do it; None when none is running."""
    client = connect(where.root / SOCKET_NAME)
    if client is None:
        return None
    answer: Any = None
    with client, Progress() as progress:
        for news in client.follow(method, **params):
            if isinstance(news, Status):
                progress.show(news)
            else:
                answer = news
    return parse_result(answer, kind)


def _by_itself(
    where: StateDirectory, task: Task, arguments: Sequence[str], given: bytes = b""
) -> Summary:
    board = Board(Clock())
    board.read(Reader(where).read())
    board.begin(task)
    summary: list[Summary] = []

    def statuses() -> Iterator[Status]:
        summary.append((yield from run_worker(task, where, board, arguments, given)))

    with Progress() as progress:
        for status in statuses():
            progress.show(status)
    return summary[0]
