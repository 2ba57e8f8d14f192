"""Pulling: from the poll of the tip to the last item of the last pack.

Rules of this room:
    - Bytes are verified before they are decoded, blobs are durable before the catalogue names
      them, and items become ready one by one.
    - Verified bytes are never thrown away while they may still be of use.
"""

from sync.pull.run import pull, run_pull

__all__ = ["pull", "run_pull"]
