"""Patience with Windows, where nobody can rename or remove what another program has open.

Virus scanners, indexers and backups open every new file for a moment. Such an operation is tried
again for about two seconds; other systems never give these errors.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

# Access denied, sharing violation, lock violation.
_BUSY: Final = {5, 32, 33}
_PAUSES: Final = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 1.0)
T = TypeVar("T")


def patiently(operation: Callable[[], T]) -> T:
    """Do ``operation``, again while another program has its file open.

    Raises:
        OSError: the last one, when it stays so.
    """
    for pause in _PAUSES:
        try:
            return operation()
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY:
                raise
        time.sleep(pause)
    return operation()
