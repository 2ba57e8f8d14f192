"""What several commands open."""

from datetime import datetime
from pathlib import Path

from cache.clock import Clock
from core.errors import PackhorseError
from hub.config import load_config
from hub.fleet import FleetEntry, View, list_fleet
from hub.layout import open_hub
from hub.newest import newest_versions
from hub.published import expiry_warnings, load_published
from hub.registry.database import Registry
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
    try:
        published = load_published(repository)
        newest, sentences = newest_versions(repository, published), expiry_warnings(published, now)
    except PackhorseError as error:
        # The nodes can be told of all the same.
        newest, sentences = {}, [f"{error} {error.hint}".strip()]
    registry = Registry(config.registry, directory.root, now)
    try:
        return list_fleet(registry, View(now, newest)), sentences
    finally:
        registry.close()
