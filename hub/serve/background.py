"""What a serving hub does beside answering: publish what comes in, renew what grows old."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from core.errors import AlreadyRunningError, PackhorseError
from hub.renewal import renew_certificate
from hub.sequencer import Outcome
from hub.serve.service import Service

RENEWAL_SECONDS: Final = 3600.0
# After a failure: what is wrong (a full disk, a missing key) takes a person some time.
RETRY_SECONDS: Final = 30.0
_log = logging.getLogger(__name__)


class Keeper:
    """Keeps the repository current until it is stopped.

    Args:
        service: the hub's parts.
        on_certificate: called when the server's certificate has been renewed.
    """

    def __init__(self, service: Service, on_certificate: Callable[[], None]) -> None:
        """Begin with a full round, which also finishes what was interrupted."""
        self._service = service
        self._on_certificate = on_certificate
        self._renewal_at = float("-inf")
        self._retry_at = float("-inf")

    async def keep(self, stop: asyncio.Event) -> None:
        """Work in a thread, a step at a time, until ``stop`` is set."""
        await asyncio.to_thread(self.step)
        await asyncio.to_thread(self._recover)
        while not stop.is_set():
            await asyncio.to_thread(self.step)
            try:
                async with asyncio.timeout(self._service.config.incoming_seconds):
                    await stop.wait()
            except TimeoutError:
                continue

    def step(self) -> None:
        """Publish what waits; once an hour, renew what is due."""
        now = self._service.clock.monotonic()
        if now < self._retry_at:
            return
        due = now >= self._renewal_at
        try:
            if due or self._service.sequencer.has_work():
                _report(self._service.sequencer.run())
            if due:
                self._renewal_at = now + RENEWAL_SECONDS
                self.renew_certificate()
        except AlreadyRunningError:
            # Somebody signs by hand; the next look is soon.
            return
        except PackhorseError as error:
            self._retry_at = now + RETRY_SECONDS
            _log.error("Publishing failed: %s %s", error, error.hint)

    def renew_certificate(self) -> None:
        """Renew the server's certificate, if it is due.

        Raises:
            RefusedError: the certificate or the authority is damaged.
        """
        service = self._service
        if renew_certificate(service.directory, service.config, service.clock.wall()):
            _log.info("Renewed the server's certificate.")
            self._on_certificate()

    def _recover(self) -> None:
        try:
            taken = self._service.intake.recover()
        except PackhorseError as error:
            _log.error("Stored batches were not looked through: %s", error)
            return
        if taken:
            _log.info("Took in %d stored batches that the registry did not know.", taken)


def _report(outcome: Outcome) -> None:
    for name in outcome.published:
        _log.info("Published %s; the snapshot is version %d.", name, outcome.snapshot)
    for one in outcome.rejected:
        _log.warning("Refused %s: %s", one.name, one.error)
    for sentence in outcome.warnings:
        _log.warning("%s", sentence)
    for role in outcome.renewed:
        _log.info("Renewed the %s role.", role)
