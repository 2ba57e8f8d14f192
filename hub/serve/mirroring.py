"""What a serving mirror does beside answering: stay like its upstream, hand on what comes in."""

import logging
from typing import Final

from core.backoff import retry_delay
from core.errors import AlreadyRunningError, PackhorseError
from hub.mirror.mirror import Round
from hub.serve.background import RENEWAL_SECONDS, RETRY_SECONDS, Keeper

_MINUTE: Final = 60.0
# A hub has no need of jitter: there are few mirrors, and each has begun at its own time.
_CHANCE: Final = 0.5
_log = logging.getLogger(__name__)


class MirrorKeeper(Keeper):
    """Keeps a mirror fresh until it is stopped."""

    _certificate_at = float("-inf")
    _round_at = float("-inf")
    _tries = 0
    _handed = frozenset[str]()
    _told = ""

    def step(self) -> None:
        """Do a round when one is due; once an hour, renew the certificate."""
        now = self._service.clock.monotonic()
        if now >= self._certificate_at:
            self._certificate_at = now + RENEWAL_SECONDS
            try:
                self.renew_certificate()
            except PackhorseError as error:
                _log.error("The certificate was not renewed: %s %s", error, error.hint)
        mirror = self._service.mirror
        if mirror is None:
            raise RuntimeError
        handed = frozenset(mirror.waiting())
        if now < self._round_at and handed <= self._handed:
            return
        self._handed = handed
        try:
            done = mirror.run()
        except AlreadyRunningError:
            self._round_at = now + RETRY_SECONDS
        except PackhorseError as error:
            self._round_at = now + RETRY_SECONDS
            _log.error("The mirror cannot go on: %s %s", error, error.hint)
        else:
            self._round_at = self._service.clock.monotonic() + self._pause(done)
            self._tell(done)

    def _pause(self, done: Round) -> float:
        """Give seconds to the next round."""
        usual = self._service.config.mirror_minutes * _MINUTE
        if done.problems or done.forwarded.sent:
            self._tries += 1
            return retry_delay(self._tries, _CHANCE, largest=usual)
        self._tries = 0
        return 0.0 if done.missing else usual

    def _tell(self, done: Round) -> None:
        if done.is_new:
            _log.info("Shows snapshot %d of the upstream.", done.shown)
        for name in done.forwarded.sent:
            _log.info("Handed on %s.", name)
        for name, reason in done.forwarded.rejected:
            _log.warning("Refused %s: %s", name, reason)
        # A line that is down for a week is one line in the log.
        told = "\n".join(f"{error} {error.hint}".rstrip() for error in done.problems)
        if told != self._told:
            self._told = told
            _log.warning("%s", told or "The upstream answers again, and all is well.")
