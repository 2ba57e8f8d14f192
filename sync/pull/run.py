"""One pull, from poll to summary."""

from sync.context import SyncContext
from sync.events import Summary


def run_pull(context: SyncContext) -> Summary:
    """Poll the upstream, verify what is new, and fetch it, item by item.

    Emits events as it goes, ``Done`` at the end. Failures of the line, of single publishers or
    packs, or of the disk are in the summary's problems, not raised.

    Raises:
        NoStateError: the node is not enrolled.
    """
    raise NotImplementedError(context)
