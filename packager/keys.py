"""Signing keys: Ed25519 private keys in PKCS8 PEM files that only their owner can read."""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from cache import durable
from core.errors import UsageError
from packager.faults import unreadable

_MAX_BYTES: Final = 64 * 1024
_PRIVATE: Final = 0o600


def new_key(file: Path) -> CryptoSigner:
    """Make a key and keep it in ``file``.

    Raises:
        UsageError: the file is there already, or cannot be written.
    """
    if file.exists():
        raise UsageError(
            "{file} is there already.",
            hint="A key is never overwritten. Choose another name.",
            file=str(file),
        )
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    durable.make_directory(file.absolute().parent)
    durable.write_file(file, pem, mode=_PRIVATE)
    return CryptoSigner(key)


def load_key(file: Path) -> CryptoSigner:
    """Read a key.

    Raises:
        UsageError: the file cannot be read, or holds no Ed25519 private key.
    """
    hint = "Take the key file that `packhorse hub init` or `packhorse key new` made."
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_BYTES)
    except OSError as error:
        raise unreadable(str(file), error) from error
    try:
        key = serialization.load_pem_private_key(data, None)
    # TypeError: it is protected by a password.
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError("{file} is no usable private key.", hint=hint, file=str(file)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("{file} is no Ed25519 key.", hint=hint, file=str(file))
    return CryptoSigner(key)
