"""Teachers' PINs: which are too easy, and how they are kept.

A PIN keeps pupils out of a teacher's screens, no more: whoever can read its record tries all of
them in a day. So records are for the node alone, and whoever asks for a PIN counts the tries.
"""

import hashlib
import hmac
from itertools import pairwise
from typing import Final

from core.errors import UsageError

SHORTEST: Final = 4
LONGEST: Final = 8
SALT_BYTES: Final = 16
_SCHEME: Final = "scrypt-14-8-1"
# 16 MiB of memory for some 50 ms of a PC; four times as long on a Pi.
_COST: Final = 2**14
_BLOCK: Final = 8
_DIGEST_BYTES: Final = 32
# The middle column of a telephone's keys.
_COLUMNS: Final = {"2580", "0852"}


def check_pin(pin: str) -> None:
    """Check that a PIN can be used.

    Raises:
        UsageError: it is no PIN, or too easy.
    """
    if not SHORTEST <= len(pin) <= LONGEST or not (pin.isascii() and pin.isdigit()):
        raise UsageError(
            "A PIN has {shortest} to {longest} digits.",
            hint="Choose another one.",
            shortest=SHORTEST,
            longest=LONGEST,
        )
    if _is_run(pin) or _is_repetition(pin) or pin in _COLUMNS:
        raise UsageError(
            "This PIN is too easy: pupils try such first.",
            hint="Choose digits that do not follow or repeat each other, as in 1234, 0000 or 1212.",
        )


def pin_record(pin: str, salt: bytes) -> str:
    """Give what is kept of a PIN.

    Args:
        pin: the PIN, checked.
        salt: ``SALT_BYTES`` random bytes.
    """
    return f"{_SCHEME}${salt.hex()}${_derive(pin, salt).hex()}"


def is_pin(pin: str, record: str) -> bool:
    """Say whether a PIN is that of a record; takes its time on purpose."""
    scheme, _, rest = record.partition("$")
    salt, _, digest = rest.partition("$")
    if scheme != _SCHEME or len(pin) > LONGEST:
        return False
    try:
        return hmac.compare_digest(_derive(pin, bytes.fromhex(salt)), bytes.fromhex(digest))
    except ValueError:
        return False


def _derive(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=_BLOCK, p=1, dklen=_DIGEST_BYTES)


def _is_run(pin: str) -> bool:
    """Say whether each digit follows the last by the same step of -1, 0 or 1, 9 and 0 included."""
    steps = {(int(later) - int(digit)) % 10 for digit, later in pairwise(pin)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def _is_repetition(pin: str) -> bool:
    return any(pin == pin[:size] * (len(pin) // size) for size in range(1, len(pin) // 2 + 1))
