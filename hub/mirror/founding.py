"""A new mirror: the first root of its upstream, certificates of its own, configuration.

Trust begins with the root whose digest somebody told: in a token, with ``--root``, or else by
whoever vouches for the upstream's certificate.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tuf.api.metadata import Root

from cache import durable
from core.errors import RefusedError, UsageError
from core.token import hub_name
from core.trust import roles
from core.trust.edit import parse
from hub.address import as_ip
from hub.config import HubConfig
from hub.founding import build_apart, write_certificates
from hub.layout import INCOMING, HubDirectory
from hub.mirror.upstream import Upstream, open_upstream
from hub.repository import DirectoryRepository


@dataclass(frozen=True)
class Beginning:
    """How a mirror's trust begins.

    Attributes:
        root: SHA-256 of a root; empty to take the one that the upstream shows.
        root_version: which root that is.
        authority: certificate of the upstream's own authority (PEM); empty for the system's.
    """

    root: bytes = b""
    root_version: int = 1
    authority: str = ""


def found_mirror(root: Path, config: HubConfig, beginning: Beginning, now: datetime) -> bytes:
    """Make a mirror in ``root``, whole or not at all; give the bytes of its first root.

    Args:
        root: an empty directory, or none.
        config: its configuration, with an upstream.
        beginning: how its trust begins.
        now: the hub's time.

    Raises:
        UsageError: there is a hub already, or nobody vouches for the upstream.
        RefusedError: the upstream's root is not the one that was told.
        UnavailableError: the upstream cannot be reached.
    """
    if not beginning.root:
        _check_vouched(config.upstream)
    upstream = open_upstream(config.upstream, beginning.authority)
    try:
        roots = _chain(upstream, beginning)
    finally:
        upstream.close()

    def build(building: HubDirectory) -> None:
        durable.make_directory(building.keys, mode=0o700)
        for folder in (INCOMING, "targets", "bundles"):
            durable.make_directory(building.repository / folder)
        durable.make_directory(building.usage, mode=0o700)
        repository = DirectoryRepository(building.repository)
        for version, data in enumerate(roots, 1):
            repository.put(roles.metadata_path("root", version), data)
        if beginning.authority:
            durable.write_file(building.upstream_authority, beginning.authority.encode("ascii"))
        write_certificates(building, config, hub_name(roots[0]), now)

    build_apart(root, build)
    return roots[0]


def fetch_authority(url: str, digest: bytes) -> str:
    """Fetch the certificate of an upstream's own authority, whose digest is known.

    Raises:
        RefusedError: it is another one.
        UnavailableError: the upstream cannot be reached.
    """
    upstream = open_upstream(url, is_verified=False)
    try:
        data = upstream.read("v1/authority.pem", roles.MAX_ROOT_BYTES)
    finally:
        upstream.close()
    if not hmac.compare_digest(hashlib.sha256(data).digest(), digest):
        raise RefusedError(
            "{name} has another authority than the token says.",
            hint="Somebody else may answer in its place; ask the upstream's admin.",
            name=upstream.name,
        )
    return data.decode("ascii")


def _chain(upstream: Upstream, beginning: Beginning) -> list[bytes]:
    """Give the roots up to the one that was told; python-tuf verifies the chain later."""
    roots = [
        upstream.read(roles.metadata_path("root", version), roles.MAX_ROOT_BYTES)
        for version in range(1, beginning.root_version + 1)
    ]
    for data in roots:
        parse(data, Root, roles.MAX_ROOT_BYTES)
    found = hashlib.sha256(roots[-1]).digest()
    if beginning.root and not hmac.compare_digest(found, beginning.root):
        raise RefusedError(
            "The root of {name} is {found}, not the one that was told.",
            hint="Compare it with the upstream's admin; somebody else may answer in its place.",
            name=upstream.name,
            found=found.hex(),
        )
    return roots


def _check_vouched(url: str) -> None:
    parts = urlsplit(url)
    ip = as_ip(parts.hostname or "")
    loopback = parts.hostname == "localhost" or bool(ip and ip.is_loopback)
    if parts.scheme != "https" and not loopback:
        raise UsageError(
            "Nobody vouches for {url}.",
            hint="Give the SHA-256 of its metadata/1.root.json with --root, or a token of it"
            " instead of the address.",
            url=url[:200],
        )
