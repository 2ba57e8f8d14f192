"""A command's connection to the agent: blocking calls over the control socket."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from core import control
from core.control import Request, Response, Status
from core.errors import RefusedError, UnavailableError, UsageError, kind_of

_CALL_SECONDS = 20.0
# The agent sends something at least every fifteen seconds to whoever watches.
_WATCH_SECONDS = 60.0


class ControlClient:
    """One connection.

    Raises:
        RefusedError: the agent speaks another protocol.
        UnavailableError: the agent went away, or does not answer.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lines = connection.makefile("rb")

    def __enter__(self) -> Self:
        """Give the connection."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._lines.close()
        self._socket.close()

    def status(self) -> Status:
        """Ask for the status."""
        self._send(control.request("status", 1))
        for message in self._messages():
            if isinstance(message, Response):
                return _status(_result(message))
        raise _gone()

    def call(self, method: str, **params: object) -> Any:  # noqa: ANN401 - what it answers
        """Call a method that answers soon; give its result.

        Raises:
            PackhorseError: the agent refuses, in its own words.
        """
        self._send(control.request(method, 1, **params))
        for message in self._messages():
            if isinstance(message, Response):
                return _result(message)
        raise _gone()

    def sync(self) -> Iterator[Status | dict[str, Any]]:
        """Ask for a round now: give each new status, and the report of its end as the last."""
        return self.follow("sync", wait=True)

    def follow(self, method: str, **params: object) -> Iterator[Status | dict[str, Any]]:
        """Call a method that takes long: give each new status, and its result as the last.

        Raises:
            PackhorseError: the agent refuses, in its own words.
        """
        self._socket.settimeout(_WATCH_SECONDS)
        self._send(control.request("watch", 1))
        self._send(control.request(method, 2, **params))
        for message in self._messages():
            if isinstance(message, Request):
                yield _status(message.params.get("status"))
            elif message.id == 2 or message.error is not None:  # noqa: PLR2004 - the call above
                yield _result(message)
                return
        raise _gone()

    def _send(self, message: Request) -> None:
        try:
            self._socket.sendall(control.encode_line(message))
        except OSError as error:
            raise _gone() from error

    def _messages(self) -> Iterator[Request | Response]:
        while True:
            try:
                line = self._lines.readline(control.MAX_LINE_BYTES)
            except OSError as error:
                raise _gone() from error
            if not line:
                return
            yield control.decode_message(line)


def connect(path: Path, *, seconds: float | None = None) -> ControlClient | None:
    """Connect to the agent whose socket is at ``path``; None when none is running.

    Args:
        path: of the socket.
        seconds: how long a call may take, where that is longer than usual.

    Raises:
        UsageError: this user may not talk to it.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(seconds or _CALL_SECONDS)
    try:
        connection.connect(str(path))
    except PermissionError as error:
        connection.close()
        raise UsageError(
            "You may not talk to the node's agent at {path}.",
            hint="Run this with sudo, or as a user of the node's group.",
            path=str(path),
        ) from error
    except OSError:
        connection.close()
        return None
    return ControlClient(connection)


def _status(value: object) -> Status:
    try:
        return control.decode_status(value)
    except msgspec.ValidationError as error:
        raise RefusedError(
            "The node's agent is of another version of Packhorse than this command.",
            hint="Restart the node, so that both are the same.",
        ) from error


def _result(message: Response) -> Any:  # noqa: ANN401 - whatever the method answers
    if message.error is None:
        return message.result
    error = message.error
    if error.wording is not None:
        raise control.error_of(error.wording, error.exit_code)
    raise kind_of(error.exit_code)("{text}", hint="{cure}", text=error.message, cure=error.hint)


def _gone() -> UnavailableError:
    return UnavailableError(
        "The node's agent stopped answering.", hint="Look at its log, and try again."
    )
