"""Renewal of the hub's own TLS certificate."""

from datetime import datetime, timedelta
from typing import Final

from cache import durable
from hub import tls
from hub.address import parse_address
from hub.config import HubConfig
from hub.keys import SECRET_MODE
from hub.layout import HubDirectory

_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


def certificate_hosts(config: HubConfig) -> list[str]:
    """Give every name and address that the server's certificate is for."""
    address = parse_address(config.listen)
    own = [] if address.unspecified else [address.host]
    return list(dict.fromkeys([*config.hosts, *own, *_ALWAYS]))


def renew_certificate(directory: HubDirectory, config: HubConfig, now: datetime) -> bool:
    """Renew the server's certificate when less than a third of its life is left.

    Returns:
        Whether there is a new one.

    Raises:
        RefusedError: the certificate or the authority is damaged.
    """
    if not directory.certificate.exists() or not directory.authority_key.exists():
        # Somebody else's certificate, or the authority's key is kept offline.
        return False
    if not tls.renewal_due(directory.certificate.read_bytes(), now):
        return False
    authority = tls.Pair(directory.authority.read_bytes(), directory.authority_key.read_bytes())
    period = timedelta(days=config.certificate_days)
    pair = tls.new_certificate(authority, certificate_hosts(config), now, period)
    write_certificate(directory, pair)
    return True


def write_certificate(directory: HubDirectory, pair: tls.Pair) -> None:
    """Store a server certificate and its key."""
    # A certificate without its key could not be loaded, so both stand in both files' order:
    # killed in between, the next renewal is still due and writes both again.
    durable.write_file(directory.certificate_key, pair.key, mode=SECRET_MODE)
    durable.write_file(directory.certificate, pair.certificate)
