"""Signing keys: Ed25519 in PKCS 8 PEM files that their owner alone may read."""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from cache import durable
from core.errors import NoStateError, RefusedError

SECRET_MODE: Final = 0o600


def new_key(path: Path) -> CryptoSigner:
    """Make a key and store it durably in ``path``."""
    signer = CryptoSigner.generate_ed25519()
    durable.write_file(path, signer.private_bytes, mode=SECRET_MODE)
    return signer


def load_key(path: Path) -> CryptoSigner:
    """Load a key.

    Raises:
        NoStateError: it is not here, perhaps taken offline.
        RefusedError: the file is not an Ed25519 key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise NoStateError(
            "The key {path} is not here.",
            hint="The hub needs its snapshot and timestamp keys; put the file back.",
            path=str(path),
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path)
    return CryptoSigner(key)


def _no_key(path: Path) -> RefusedError:
    return RefusedError(
        "{path} is not an Ed25519 key in a PEM file without a password.", path=str(path)
    )
