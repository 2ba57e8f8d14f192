"""Passwords of the hub's admins: how they are made, kept and checked.

Kept is ``scrypt$<log2 n>$<r>$<p>$<salt>$<hash>``, so that the cost may rise later.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final, NamedTuple

from core.errors import UsageError

FEWEST: Final = 10
MOST: Final = 200
# About 0.1 s and 32 MB on a small server.
_LOG_N: Final = 15
_R: Final = 8
_P: Final = 1
_LARGEST_LOG_N: Final = 18
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_SCHEME: Final = "scrypt"
# Without what looks alike: no 0 and o, no 1, i and l.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
_GROUP: Final = 5


class _Cost(NamedTuple):
    log_n: int
    r: int
    p: int


def new_password() -> str:
    """Make a password that can be read aloud; its 20 characters hold 99 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def check_password(password: str) -> None:
    """Check that a password that somebody chose is long enough.

    Raises:
        UsageError: it is too short or too long.
    """
    if len(password.strip()) < FEWEST or len(set(password)) <= 2:  # noqa: PLR2004 - "aaaaaaaaaa"
        raise UsageError(
            "The password is too easy to guess.",
            hint="Take {fewest} characters or more; a short sentence is good.",
            fewest=FEWEST,
        )
    if len(password) > MOST:
        raise UsageError("The password has more than {most} characters.", most=MOST)


def keep(password: str, log_n: int = _LOG_N) -> str:
    """Give what is kept of a password; ``log_n`` is the binary logarithm of scrypt's cost."""
    salt = secrets.token_bytes(_SALT_BYTES)
    cost = _Cost(log_n, _R, _P)
    parts = (base64.b64encode(part).decode() for part in (salt, _hash(password, salt, cost)))
    return "$".join((_SCHEME, *map(str, cost), *parts))


def matches(password: str, kept: str | None) -> bool:
    """Say whether a password is the kept one; takes as long when there is none."""
    salt, wanted, cost = _parts(kept or "") or (b"\0" * _SALT_BYTES, b"", _Cost(_LOG_N, _R, _P))
    found = _hash(password[: MOST + 1], salt, cost)
    return hmac.compare_digest(found, wanted)


def _hash(password: str, salt: bytes, cost: _Cost) -> bytes:
    n = 1 << cost.log_n
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=n,
        r=cost.r,
        p=cost.p,
        maxmem=256 * n * cost.r,
        dklen=_HASH_BYTES,
    )


def _parts(kept: str) -> tuple[bytes, bytes, _Cost] | None:
    fields = kept.split("$")
    if len(fields) != 2 + len(_Cost._fields) + 1 or fields[0] != _SCHEME:
        return None
    try:
        cost = _Cost(*(int(field) for field in fields[1:4]))
        salt, wanted = (base64.b64decode(field, validate=True) for field in fields[4:])
    except (ValueError, binascii.Error):
        return None
    return (salt, wanted, cost) if 1 <= cost.log_n <= _LARGEST_LOG_N else None
