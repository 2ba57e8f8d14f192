"""What can go wrong between this node and a source, and what is to be done about each. Pure.

Reactions:
    again      the line broke in the middle: another try in this run, at once after progress
    later      the other side is away or asks to wait: the agent tries again, less and less often
    elsewhere  this source does not have it whole: another source may; else later
    person     only somebody who logs in, renews or mends changes it: said in words, tried later

None loses bytes that were verified, and whatever a fault is called, what came is kept.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Fault = Literal[
    "cut",
    "stalled",
    "slow",
    "truncated",
    "garbled",
    "changed",
    "wrong-range",
    "failing",
    "failed",
    "refused",
    "name",
    "busy",
    "missing",
    "denied",
    "cut-short",
    "no-range",
    "altered",
    "unreadable",
    "gone",
    "portal",
    "tls",
    "intercepted",
    "insecure",
    "moved",
]
"""What happened.

``failing``: the upstream is there and broken (HTTP 5xx); ``failed``: it cannot be reached;
``garbled``: bytes came that cannot have been sent so; ``altered``: a proxy packed the content
anew; ``gone``: a stick was pulled; ``intercepted``: somebody on the line opens the encryption;
``insecure``: it is to be given up; ``moved``: the upstream has another address. A mirror that lags
lacks files (``missing``), or is refused for showing what is older than was seen.
"""
Reaction = Literal["again", "later", "elsewhere", "person"]

REACTIONS: Final[Mapping[Fault, Reaction]] = MappingProxyType(
    {
        "cut": "again",
        "stalled": "again",
        "slow": "again",
        "truncated": "again",
        "garbled": "again",
        "changed": "again",
        "wrong-range": "again",
        "failing": "again",
        "failed": "again",
        "refused": "later",
        "name": "later",
        "busy": "later",
        "missing": "elsewhere",
        "denied": "elsewhere",
        "cut-short": "elsewhere",
        "no-range": "elsewhere",
        "altered": "elsewhere",
        "unreadable": "elsewhere",
        "gone": "person",
        "portal": "person",
        "tls": "person",
        "intercepted": "person",
        "insecure": "person",
        "moved": "person",
    }
)
OF_THE_FILE: Final[frozenset[Fault]] = frozenset(
    {"missing", "denied", "cut-short", "wrong-range", "changed", "unreadable"}
)
"""Those of one file: others of the same source may still come."""
