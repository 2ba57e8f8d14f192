"""Statements in a pull's round: a pull may take a night, and they come before the lessons."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cache.agent_db import AgentDatabase
from core.errors import PackhorseError
from sync.batches import REFUSED
from sync.context import SyncContext
from sync.held import HeldError
from sync.http_client import HttpClient
from sync.identity import load_identity
from sync.source import SourceError

if TYPE_CHECKING:
    from sync.upload import Upload

EVERY_SECONDS: Final = 300.0
"""Each upload costs a request: what is said meanwhile goes together."""


class Statements:
    """Sends statements on the pull's own connection.

    Args:
        context: the run's surroundings.
        client: the hub.
        agent: where acknowledgements are kept.
        note: is told what stops it.
    """

    def __init__(
        self,
        context: SyncContext,
        client: HttpClient,
        agent: AgentDatabase,
        note: Callable[[PackhorseError], None],
    ) -> None:
        self._context = context
        self._client = client
        self._agent = agent
        self._note = note
        self._upload: Upload | None = None
        # What the hub refused costs a whole batch each time; the agent knows when to try again.
        self._due = math.inf if agent.reader.fact(REFUSED) else 0.0

    @property
    def acknowledged(self) -> int:
        """Statements acknowledged in this run."""
        return self._upload.acknowledged if self._upload else 0

    @property
    def rejected(self) -> int:
        """Those of them that the hub will never accept."""
        return self._upload.rejected if self._upload else 0

    def backlog(self) -> int:
        """Count those that wait; 0 where nothing was sent in this run."""
        return self._upload.backlog() if self._upload else 0

    def of(self, backlog: int) -> int:
        """Give what waits and may be sent by now, of what waits."""
        return backlog if self._context.clock.monotonic() >= self._due else 0

    def send(self) -> None:
        """Send what waits; what is wrong with that alone is noted.

        Raises:
            SourceError: the line failed.
            HeldError: hours, switches or budget do not allow it any more.
        """
        self._due = self._context.clock.monotonic() + EVERY_SECONDS
        try:
            self._opened().send()
        except PackhorseError as error:
            if isinstance(error, SourceError | HeldError):
                raise
            self._due = math.inf
            self._note(error)

    def _opened(self) -> "Upload":
        # Here, not above: it needs this package itself.
        from sync.upload import Upload  # noqa: PLC0415

        if self._upload is None:
            identity = load_identity(self._context.state)
            self._upload = Upload(self._context, self._client, self._agent, identity)
        return self._upload
