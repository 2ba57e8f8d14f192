"""The hub's private authority and its server certificate: P-256, which every TLS client takes.

Nodes know the authority by the digest that their token carries. Times are passed in.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import RefusedError, UsageError
from hub.address import as_ip

AUTHORITY_PERIOD: Final = dt.timedelta(days=3650)
# Nodes without a right clock judge the dates against a floor that may lag behind.
_BACKDATED: Final = dt.timedelta(days=30)


class Pair(NamedTuple):
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes


def new_authority(name: str, now: dt.datetime) -> Pair:
    """Make a private authority that signs server certificates and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = _builder(subject, subject, key, now, AUTHORITY_PERIOD)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return _pem(builder.sign(key, hashes.SHA256()), key)


def new_certificate(
    authority: Pair, hosts: Sequence[str], now: dt.datetime, period: dt.timedelta
) -> Pair:
    """Make the server's certificate for ``hosts``, names or IP addresses.

    Raises:
        RefusedError: the authority's files are damaged.
        UsageError: a host is not a name or an IP address.
    """
    issuer, signer = _load(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    # It must not outlive its authority.
    period = min(period, issuer.not_valid_after_utc - now)
    builder = _builder(subject, issuer.subject, key, now, period)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    names = x509.SubjectAlternativeName([_name(host) for host in hosts])
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(_usage(authority=False), critical=True)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(purpose, critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(identifier, critical=False)
    return _pem(builder.sign(signer, hashes.SHA256()), key)


def renewal_due(certificate: bytes, now: dt.datetime) -> bool:
    """Whether less than a third of the certificate's life is left.

    Raises:
        RefusedError: it is damaged.
    """
    loaded = _certificate(certificate)
    life = loaded.not_valid_after_utc - loaded.not_valid_before_utc
    return now >= loaded.not_valid_after_utc - life / 3


def expiry_of(certificate: bytes) -> dt.datetime:
    """Give the moment when a certificate ends.

    Raises:
        RefusedError: it is damaged.
    """
    return _certificate(certificate).not_valid_after_utc


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    period: dt.timedelta,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + period)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(host: str) -> x509.GeneralName:
    if ip := as_ip(host):
        return x509.IPAddress(ip)
    try:
        return x509.DNSName(host.encode("idna").decode())
    except (ValueError, UnicodeError) as error:
        raise UsageError(
            "{host} is neither a host name nor an IP address.", host=repr(host[:100])
        ) from error


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(certificate.public_bytes(Encoding.PEM), secret)


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise RefusedError("The certificate is damaged: {reason}.", reason=error) from error


def _load(pair: Pair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate = _certificate(pair.certificate)
    try:
        key = load_pem_private_key(pair.key, password=None)
    except (ValueError, TypeError) as error:
        raise RefusedError("The authority's key is damaged: {reason}.", reason=error) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RefusedError("The authority's key is of another kind.")
    return certificate, key
