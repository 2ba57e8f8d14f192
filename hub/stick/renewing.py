"""Signing again what would expire before a stick has done its work."""

import time
from datetime import datetime
from typing import Final

from core.errors import AlreadyRunningError
from hub.sequencer import Sequencer

_TRIES: Final = 100
_PAUSE_SECONDS: Final = 0.1


def renew(sequencer: Sequencer, until: datetime) -> list[str]:
    """Sign again what would expire before ``until``, as far as that helps; give the roles.

    Raises:
        AlreadyRunningError: another sequencer does not end.
        NoStateError: the keys of the online roles are not here.
        RefusedError: the repository's own metadata is damaged.
    """
    for _ in range(_TRIES):
        try:
            return sequencer.run(until=until).renewed
        except AlreadyRunningError:
            # ``hub serve`` takes what was published, for a moment.
            time.sleep(_PAUSE_SECONDS)
    return sequencer.run(until=until).renewed
