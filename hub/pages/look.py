"""A look at the whole fleet: made when a page is asked for, and good for a few seconds.

What is published is read again only when the timestamp has changed; so a page costs the reports
of the schools, and a click on a column's head right after it costs nothing.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.errors import PackhorseError
from core.fleet_warnings import Newest
from core.trust import roles
from hub.fleet import FleetEntry, View, list_fleet
from hub.mirror.notices import mirror_notices
from hub.mirror.record import read_record
from hub.newest import newest_versions
from hub.notices import (
    Notice,
    certificate_notices,
    expiry_notices,
    token_notices,
    unreadable,
)
from hub.published import Published, load_published
from hub.registry.enrolment import waiting_tokens
from hub.serve.service import Service

GOOD_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Fleet:
    """The schools, what is published, and what the admin must do about the hub itself."""

    now: datetime
    entries: list[FleetEntry]
    newest: dict[str, Newest]
    notices: list[Notice]

    def groups(self) -> list[str]:
        """Give the names of all groups of schools."""
        return sorted({group for entry in self.entries for group in entry.groups})


@dataclass
class _Known:
    """What was published under one timestamp."""

    timestamp: bytes = b""
    published: Published | None = None
    newest: dict[str, Newest] = field(default_factory=dict)


class Look:
    """Looks at the fleet of one hub."""

    def __init__(self, service: Service) -> None:
        """Look when asked to."""
        self._service = service
        self._known = _Known()
        self._fleet: Fleet | None = None
        self._until = float("-inf")
        self._one = asyncio.Lock()

    async def fleet(self) -> Fleet:
        """Give the fleet as it is, or was a moment ago.

        Raises:
            UnavailableError: the registry does not answer.
        """
        async with self._one:
            now = self._service.clock.monotonic()
            if self._fleet is None or now >= self._until:
                self._fleet = await asyncio.to_thread(self._look)
                self._until = self._service.clock.monotonic() + GOOD_SECONDS
            return self._fleet

    def _look(self) -> Fleet:
        service, now = self._service, self._service.clock.wall()
        is_mirror = bool(service.config.upstream)
        notices = certificate_notices(service.directory, service.config, now)
        if is_mirror:
            record = read_record(service.directory.mirror_record)
            notices += mirror_notices(record, service.config.upstream, now)
        notices += token_notices(waiting_tokens(service.registry).values(), now)
        try:
            known = self._read()
        except PackhorseError as error:
            # The schools can be shown all the same.
            known, notices = _Known(), [unreadable(error), *notices]
        if known.published is not None:
            notices = [*expiry_notices(known.published, now, is_mirror=is_mirror), *notices]
        entries = list_fleet(service.registry, View(now, known.newest))
        return Fleet(now, entries, known.newest, notices)

    def _read(self) -> _Known:
        repository = self._service.repository
        timestamp = repository.read(roles.TIMESTAMP_PATH, roles.MAX_TIMESTAMP_BYTES) or b""
        if timestamp != self._known.timestamp:
            published = load_published(repository)
            newest = newest_versions(repository, published)
            self._known = _Known(published.timestamp_bytes, published, newest)
        return self._known
