"""Servers that speak TLS on loopback, under an authority of their own."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from hub import tls


class Encryption(NamedTuple):
    """What both ends need.

    Attributes:
        authority: the authority's certificate, PEM.
        server: for the listening end.
        certificate: the server's certificate file.
        key: its key file.
    """

    authority: str
    server: ssl.SSLContext
    certificate: Path
    key: Path


def encryption(folder: Path, hosts: Sequence[str] = ("127.0.0.1", "localhost")) -> Encryption:
    """Make an authority and a certificate for some hosts."""
    now = datetime.now(UTC)
    authority = tls.new_authority("test", now)
    pair = tls.new_certificate(authority, list(hosts), now, timedelta(days=30))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    files = folder / "certificate.pem", folder / "key.pem"
    for file, data in zip(files, pair, strict=True):
        file.write_bytes(data)
    context.load_cert_chain(*files)
    return Encryption(authority.certificate.decode("ascii"), context, *files)
