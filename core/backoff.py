"""How long to wait before the next try: exponential, with full jitter, bounded."""

from typing import Final

FIRST_SECONDS: Final = 2.0
LARGEST_SECONDS: Final = 900.0
_MAX_DOUBLINGS: Final = 16


def retry_delay(failures: int, chance: float, *, largest: float = LARGEST_SECONDS) -> float:
    """Give seconds to wait after ``failures`` failures in a row.

    Args:
        failures: 1 after the first.
        chance: uniform random number in [0, 1).
        largest: upper bound, seconds.
    """
    ceiling = min(largest, FIRST_SECONDS * float(1 << min(failures - 1, _MAX_DOUBLINGS)))
    return ceiling * (0.5 + chance / 2)
