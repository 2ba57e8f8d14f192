"""What several commands open."""

from pathlib import Path

from cache.clock import Clock
from hub.config import load_config
from hub.layout import open_hub
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
