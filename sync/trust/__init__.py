"""Trust: python-tuf's own client as the verifier, and what it needs around it on a node.

Rules of this room:
    - Stock ``tuf.ngclient.Updater`` decides; nothing here accepts what it refused.
    - It works in a stage, a copy of the last state, which becomes durable as a whole. What was
      verified is kept also when a later step failed; nothing else is ever written.
    - The highest versions seen and the floor of trusted time are kept a second time
      (``sync.trust.floor``), so that a damaged state does not let old metadata in again.
"""

from sync.trust.listing import AssignmentTarget, PackTarget
from sync.trust.reach import Reach
from sync.trust.session import TrustedTime, TrustSession, current_time, open_trust

__all__ = [
    "AssignmentTarget",
    "PackTarget",
    "Reach",
    "TrustSession",
    "TrustedTime",
    "current_time",
    "open_trust",
]
