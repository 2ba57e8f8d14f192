"""TLS: by the hub's own authority or the system's, on a machine whose clock may be wrong.

With an unverified clock the chain and the name are checked as ever, but not by the clock: the
peer's certificate is refused only when it had expired at the floor of trusted time.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from core.errors import RefusedError
from core.trusted_time import format_moment
from sync.http_errors import expired_certificate

# <openssl/x509_vfy.h>: X509_V_FLAG_NO_CHECK_TIME
_NO_CHECK_TIME: Final = 0x200000


@dataclass(frozen=True)
class Tls:
    """How to verify an upstream.

    Attributes:
        context: chain and name.
        check_peer: looks at the peer's certificate (DER) and raises to refuse it, or None.
    """

    context: ssl.SSLContext
    check_peer: Callable[[bytes], None] | None = None


def verified(authority: str, name: str, now: datetime, *, clock_verified: bool) -> Tls:
    """Trust ``authority``, or the system's authorities.

    Args:
        authority: certificates in PEM; empty for the system's.
        name: what to call the upstream to a person.
        now: trusted now.
        clock_verified: whether ``now`` is the system clock's.

    Raises:
        RefusedError: ``authority`` is not a certificate.
    """
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        raise RefusedError("The hub's authority is not a certificate.") from error
    if clock_verified:
        return Tls(context)
    context.verify_flags |= _NO_CHECK_TIME

    def check_peer(certificate: bytes) -> None:
        until = x509.load_der_x509_certificate(certificate).not_valid_after_utc
        if until < now:
            raise expired_certificate(name, format_moment(until), format_moment(now))

    return Tls(context, check_peer)


def unverified() -> Tls:
    """Encrypt to whoever answers: only to fetch what is compared with a digest afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return Tls(context)


def unused() -> Tls:
    """For addresses that are not encrypted; loads no authorities, so a connection would fail."""
    return Tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
