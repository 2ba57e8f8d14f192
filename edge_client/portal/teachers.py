"""Who is signed in as a teacher: PINs checked, and the devices on which they were right.

Rules:
    - A PIN is checked away from the event loop, one at a time: it takes memory and time on purpose.
    - A device stays signed in for 12 hours, over a restart of the portal too; over a reboot only
      where school time is sure on both sides of it. It ends when the teacher is removed or has
      another PIN.
    - The cookie is 128 random bits; only a digest of it is kept.
    - Signing in works with a journal that cannot be written; it ends with the portal then.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from cache import journal_sign_ins
from cache.agent_reader import AgentReader
from cache.clock import Clock
from cache.journal_sign_ins import MOST_SIGN_INS, SignIn
from cache.state import StateDirectory
from core.errors import PackhorseError, UnavailableError
from core.pins import is_pin
from edge_client.portal.pin_limits import PinLimits
from edge_client.portal.school_hours import SchoolHours
from edge_client.portal.usage_log import UsageLog

_LOG: Final = logging.getLogger(__name__)
COOKIE: Final = "teacher"
SIGNED_IN_SECONDS: Final = 12 * 3600.0
_COOKIE_BYTES: Final = 16
# How long a teacher who was removed may still count, seconds.
_TRUST_SECONDS: Final = 2.0
_MOST_CHECKS: Final = 8


class Teachers:
    """The school's teachers, and where they are signed in.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        usage: the hand on the journal.
        time: school time.
    """

    def __init__(
        self, state: StateDirectory, clock: Clock, usage: UsageLog, time: SchoolHours
    ) -> None:
        self._journal = state.journal
        self._agent = AgentReader(state.agent)
        self._clock = clock
        self._usage = usage
        self._time = time
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pins")
        self._checks = 0
        self._records: dict[str, str] = {}
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._sign_ins: dict[bytes, SignIn] = {}
        self.limits = PinLimits()
        usage.when_open(self._load)

    async def records(self) -> Mapping[str, str]:
        """Give the teachers' names with the records of their PINs."""
        # Whoever asks meanwhile waits for the answer: before the first one nobody is a teacher.
        async with self._reading:
            now = self._clock.monotonic()
            if self._read_at is None or now - self._read_at >= _TRUST_SECONDS:
                try:
                    rows = await asyncio.to_thread(self._agent.teachers)
                    self._records = {row.name: row.pin for row in rows}
                except PackhorseError as error:
                    # Busy or unreadable for a moment: those that were known stay.
                    _LOG.warning("the teachers cannot be read: %s", error)
                self._read_at = now
        return self._records

    async def is_right(self, name: str, pin: str) -> bool | None:
        """Say whether a PIN is a teacher's; None when too many are being checked already."""
        record = (await self.records()).get(name)
        if record is None:
            return False
        if self._checks >= _MOST_CHECKS:
            return None
        self._checks += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, is_pin, pin, record)
        finally:
            self._checks -= 1

    async def sign_in(self, name: str) -> str:
        """Sign a device in; give its cookie."""
        cookie = secrets.token_hex(_COOKIE_BYTES)
        now = self._time.now()
        is_sure = now.is_known and now.moment is not None
        one = SignIn(
            token=_digest(cookie),
            teacher=name,
            mark=_digest((await self.records()).get(name, "")),
            boot=self._clock.boot_id(),
            monotonic=self._clock.monotonic(),
            moment=now.moment.timestamp() if is_sure and now.moment else 0.0,
        )
        self._sign_ins[one.token] = one
        over = list(self._sign_ins)[: max(0, len(self._sign_ins) - MOST_SIGN_INS)]
        ended = {*over, *(token for token, kept in self._sign_ins.items() if self._is_over(kept))}
        self._forget(*ended)
        with suppress(UnavailableError):
            await self._usage.change(lambda file: journal_sign_ins.keep_sign_in(file, one))
            await self._usage.change(
                lambda file: journal_sign_ins.drop_sign_ins(file, sorted(ended))
            )
        return cookie

    async def sign_out(self, cookie: str | None) -> None:
        """Sign a device out."""
        token = _digest(cookie or "")
        self._forget(token)
        with suppress(UnavailableError):
            await self._usage.change(lambda file: journal_sign_ins.drop_sign_ins(file, [token]))

    async def of(self, cookie: str | None) -> str | None:
        """Give the teacher who is signed in on the device with this cookie, or None."""
        one = self._sign_ins.get(_digest(cookie)) if cookie else None
        if one is None or self._is_over(one):
            return None
        record = (await self.records()).get(one.teacher)
        return one.teacher if record and _digest(record) == one.mark else None

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _is_over(self, one: SignIn) -> bool:
        if one.boot and one.boot == self._clock.boot_id():
            passed = self._clock.monotonic() - one.monotonic
        else:
            now = self._time.now()
            if not now.is_known or now.moment is None or not one.moment:
                return True
            passed = now.moment.timestamp() - one.moment
        return not 0 <= passed < SIGNED_IN_SECONDS

    def _forget(self, *tokens: bytes) -> None:
        for token in tokens:
            self._sign_ins.pop(token, None)

    def _load(self) -> None:
        with suppress(PackhorseError):
            kept = {one.token: one for one in journal_sign_ins.sign_ins(self._journal)}
            self._sign_ins = {**kept, **self._sign_ins}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
