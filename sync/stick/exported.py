"""How far statements were put on sticks: a receipt counts up to there and no further.

What a hub says to have beyond that was never sent from here: that is a copy of this node, with
statements of its own under the same numbers.
"""

from collections.abc import Mapping
from typing import Final

from cache.agent_db import AgentDatabase

_FACT: Final = "exported "


def note_exported(agent: AgentDatabase, reached: Mapping[bytes, int]) -> None:
    """Remember the highest number of each epoch that lies on a stick.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    for epoch, number in reached.items():
        if number > exported(agent, epoch):
            agent.remember(_FACT + epoch.hex(), str(number))


def exported(agent: AgentDatabase, epoch: bytes) -> int:
    """Give the highest number of an epoch that was put on a stick; 0 for none."""
    text = agent.reader.fact(_FACT + epoch.hex()) or "0"
    return int(text) if text.isdecimal() else 0
