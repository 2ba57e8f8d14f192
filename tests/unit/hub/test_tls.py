from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.errors import RefusedError, UsageError
from hub import tls
from hub.config import load_config
from hub.renewal import certificate_hosts, renew_certificate
from hub.serve.service import server_context
from tests.support.clock import START, FixedClock
from tests.support.tiny_hub import TinyHub

YEAR = timedelta(days=365)


def test_the_certificate_has_names_and_addresses() -> None:
    authority = tls.new_authority("test", START)
    hosts = ["hub.example", "10.0.0.1", "::1", "中心.cn"]
    pair = tls.new_certificate(authority, hosts, START, YEAR)
    loaded = x509.load_pem_x509_certificate(pair.certificate)
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example", "xn--fiqq24b.cn"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1", "::1"]
    loaded.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))


def test_a_certificate_does_not_outlive_its_authority() -> None:
    authority = tls.new_authority("test", START)
    pair = tls.new_certificate(authority, ["hub.example"], START + 9 * YEAR, 3 * YEAR)
    loaded = x509.load_pem_x509_certificate(pair.certificate)
    assert loaded.not_valid_after_utc == START + tls.AUTHORITY_PERIOD


def test_an_unusable_host_is_named() -> None:
    authority = tls.new_authority("test", START)
    with pytest.raises(UsageError, match="neither a host name"):
        tls.new_certificate(authority, ["a" * 300], START, YEAR)


def test_damaged_files_are_refused() -> None:
    authority = tls.new_authority("test", START)
    with pytest.raises(RefusedError, match="certificate is damaged"):
        tls.renewal_due(b"x", START)
    with pytest.raises(RefusedError, match="key is damaged"):
        tls.new_certificate(tls.Pair(authority.certificate, b"x"), ["h"], START, YEAR)


def test_the_certificate_is_renewed_in_its_last_third(hub: TinyHub) -> None:
    config = load_config(hub.hub_directory, {})
    before = hub.hub_directory.certificate.read_bytes()
    assert not renew_certificate(hub.hub_directory, config, START + YEAR)
    assert hub.hub_directory.certificate.read_bytes() == before
    assert renew_certificate(hub.hub_directory, config, START + YEAR * 1.5)
    assert hub.hub_directory.certificate.read_bytes() != before
    assert not renew_certificate(hub.hub_directory, config, START + YEAR * 1.5)


def test_with_the_authority_offline_nothing_is_renewed(hub: TinyHub) -> None:
    config = load_config(hub.hub_directory, {})
    hub.hub_directory.authority_key.unlink()
    assert not renew_certificate(hub.hub_directory, config, START + 5 * YEAR)


def test_loopback_names_are_always_in_the_certificate(hub: TinyHub) -> None:
    hosts = certificate_hosts(load_config(hub.hub_directory, {}))
    assert hosts == ["127.0.0.1", "localhost", "::1"]


def test_a_renewal_killed_between_key_and_certificate_is_done_again_at_start(hub: TinyHub) -> None:
    """The new key with the old certificate: the server could not start with them."""
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(500 * 86400)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    hub.hub_directory.certificate_key.write_bytes(pem)
    before = hub.hub_directory.certificate.read_bytes()
    server_context(hub.service)
    assert hub.hub_directory.certificate.read_bytes() != before
    hub.hub_directory.certificate_key.write_bytes(pem)
    with pytest.raises(RefusedError, match="certificate and key cannot be used"):
        server_context(hub.service)
