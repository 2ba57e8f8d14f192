"""What a serving hub is made of, wired in one place."""

import ssl
from dataclasses import dataclass

from cache.clock import Clock
from core.token import hub_name
from hub.config import HubConfig, load_config
from hub.intake import Intake
from hub.layout import HubDirectory
from hub.published import load_roots
from hub.registry.database import Registry
from hub.repository import Repository, open_repository
from hub.sequencer import Sequencer
from hub.usage import UsageFiles


@dataclass(frozen=True)
class Service:
    """The parts of a serving hub."""

    directory: HubDirectory
    config: HubConfig
    repository: Repository
    registry: Registry
    sequencer: Sequencer
    intake: Intake
    clock: Clock
    hub: str


def open_service(directory: HubDirectory, clock: Clock) -> Service:
    """Open everything that serving needs.

    Raises:
        NoStateError: the repository has no root.
        RefusedError: root or registry is damaged.
        UsageError: the configuration is wrong.
    """
    config = load_config(directory)
    repository = open_repository(config.repository, directory.root)
    first_root, _, _ = load_roots(repository)
    hub = hub_name(first_root)
    registry = Registry(config.registry, directory.root, clock.wall())
    intake = Intake(registry, UsageFiles(directory.usage), hub, clock)
    sequencer = Sequencer(directory, repository, clock)
    return Service(directory, config, repository, registry, sequencer, intake, clock, hub)


def server_context(directory: HubDirectory) -> ssl.SSLContext:
    """Make the TLS context from the hub's own certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory.certificate, directory.certificate_key)
    return context
