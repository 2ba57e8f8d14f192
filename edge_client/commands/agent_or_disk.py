"""For commands whose work the agent does when it runs, and the command itself when it does not."""

from collections.abc import Callable
from typing import TypeVar

from cache.state import StateDirectory
from core.control import SOCKET_NAME
from core.control_calls import parse_result
from core.errors import NoStateError
from edge_client.control_client import connect

T = TypeVar("T")


def through_agent(
    where: StateDirectory,
    kind: type[T],
    otherwise: Callable[[], T],
    method: str,
    *,
    seconds: float | None = None,
    **params: object,
) -> T:
    """Call a method of the agent, or do it otherwise when none runs.

    Args:
        where: the node's state directory.
        kind: type of the result.
        otherwise: does the same without an agent.
        method: of the control socket.
        seconds: how long it may take, where that is longer than usual.
        params: of the call.

    Raises:
        NoStateError: there is no node.
        PackhorseError: whatever the method raises.
    """
    if not where.root.is_dir():
        raise NoStateError(
            "There is no node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(where.root),
        )
    client = connect(where.root / SOCKET_NAME, seconds=seconds)
    if client is None:
        return otherwise()
    with client:
        return parse_result(client.call(method, **params), kind)
