"""Uploading usage: oldest first, signed, once."""

from sync.context import SyncContext
from sync.events import Summary


def run_upload(context: SyncContext) -> Summary:
    """Send statements that the hub has not acknowledged, in batches, until none is left.

    Emits events as it goes, ``Done`` at the end. Failures are in the summary's problems.

    Raises:
        NoStateError: the node is not enrolled.
    """
    raise NotImplementedError(context)
