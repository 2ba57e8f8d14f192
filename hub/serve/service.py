"""What a serving hub is made of, wired in one place."""

import ssl
from dataclasses import dataclass

from cache.clock import Clock
from core.errors import RefusedError
from core.token import hub_name
from hub.config import HubConfig, load_config
from hub.intake import Intake
from hub.layout import HubDirectory
from hub.mirror.mirror import Mirror
from hub.node_reports import ReportIntake
from hub.published import load_roots
from hub.registry.database import Registry
from hub.registry.receipts import Allowance
from hub.renewal import renew_certificate
from hub.repository import Repository, open_repository
from hub.sequencer import Sequencer
from hub.usage import UsageFiles


@dataclass(frozen=True)
class Service:
    """The parts of a serving hub; ``mirror`` is None where it has a repository of its own."""

    directory: HubDirectory
    config: HubConfig
    repository: Repository
    registry: Registry
    sequencer: Sequencer
    intake: Intake
    reports: ReportIntake
    clock: Clock
    hub: str
    mirror: Mirror | None = None


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
    allowance = Allowance(config.batches_per_day, config.megabytes_per_day * 1_000_000)
    intake = Intake(registry, UsageFiles(directory.usage), hub, clock, allowance)
    reports = ReportIntake(registry, hub, clock, config.reports_per_day)
    sequencer = Sequencer(directory, repository, clock)
    mirror = Mirror(directory, config, clock) if config.upstream else None
    return Service(
        directory, config, repository, registry, sequencer, intake, reports, clock, hub, mirror
    )


def server_context(service: Service) -> ssl.SSLContext:
    """Make the TLS context from the hub's own certificate.

    Raises:
        RefusedError: certificate and key are damaged, or do not belong together.
    """
    directory = service.directory
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(directory.certificate, directory.certificate_key)
    except (OSError, ssl.SSLError) as error:
        # Perhaps a renewal was killed between the two files: then it is still due.
        if not renew_certificate(directory, service.config, service.clock.wall()):
            raise RefusedError(
                "The server's certificate and key cannot be used: {reason}.",
                hint="Put keys/tls.pem and keys/tls.key back from one backup, or make them anew"
                " with keys/authority.key here: packhorse hub renew",
                reason=error.strerror or str(error),
            ) from error
        context.load_cert_chain(directory.certificate, directory.certificate_key)
    return context
