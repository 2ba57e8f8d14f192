"""What several commands open."""

from datetime import datetime
from pathlib import Path

from cache.clock import Clock
from core.errors import PackhorseError, UsageError
from hub.config import load_config
from hub.fleet import FleetEntry, View, list_fleet
from hub.layout import open_hub
from hub.mirror.notices import mirror_notices
from hub.mirror.record import read_record
from hub.newest import newest_versions
from hub.notices import certificate_notices, expiry_notices, sentence, token_notices, unreadable
from hub.published import load_published
from hub.registry.database import Registry
from hub.registry.enrolment import waiting_tokens
from hub.repository import open_repository
from hub.sequencer import Sequencer


def open_sequencer(root: Path) -> Sequencer:
    """Open the sequencer of the hub in ``root``.

    Raises:
        NoStateError: there is no hub.
        UsageError: its configuration is wrong.
    """
    directory = open_hub(root)
    config = load_config(directory)
    if config.upstream:
        raise UsageError(
            "{path} is a mirror: what is handed in here is signed at {upstream}.",
            hint="packhorse hub serve {path} hands it on and keeps the mirror fresh; by hand:"
            " packhorse hub mirror {upstream} --into {path}",
            path=str(root),
            upstream=config.upstream,
        )
    return Sequencer(directory, open_repository(config.repository, directory.root), Clock())


def open_registry(root: Path) -> Registry:
    """Open the registry of the hub in ``root``.

    Raises:
        NoStateError: there is no hub.
        UsageError: its configuration is wrong.
    """
    directory = open_hub(root)
    return Registry(load_config(directory).registry, directory.root, Clock().wall())


def open_fleet(root: Path, now: datetime) -> tuple[list[FleetEntry], list[str]]:
    """Look at the fleet of the hub in ``root``, and at what expires soon.

    Raises:
        NoStateError: there is no hub.
        UsageError: its configuration is wrong.
        RefusedError: its registry is damaged.
    """
    directory = open_hub(root)
    config = load_config(directory)
    repository = open_repository(config.repository, directory.root)
    notices = certificate_notices(directory, config, now)
    if config.upstream:
        notices += mirror_notices(read_record(directory.mirror_record), config.upstream, now)
    try:
        published = load_published(repository)
        newest = newest_versions(repository, published)
        notices = [*expiry_notices(published, now, is_mirror=bool(config.upstream)), *notices]
    except PackhorseError as error:
        # The nodes can be told of all the same.
        newest, notices = {}, [unreadable(error), *notices]
    registry = Registry(config.registry, directory.root, now)
    try:
        notices += token_notices(waiting_tokens(registry).values(), now)
        fleet = list_fleet(registry, View(now, newest))
    finally:
        registry.close()
    return fleet, [sentence(one) for one in notices]
