"""What a hub has of a node's statements: its answer to a batch, and what a receipt says.

Apart from the statements' codec, because the resident agent reads sticks and loads no codec.
"""

import msgspec


class Rejection(msgspec.Struct, frozen=True):
    """A statement that the hub will never accept; it counts as acknowledged."""

    sequence: int
    reason: str


class Acknowledgement(msgspec.Struct, frozen=True):
    """The hub's answer to a batch.

    Attributes:
        epoch: the batch's epoch, hexadecimal.
        contiguous: highest sequence up to which the hub has every number of that epoch.
        rejected: records of this batch that were refused for good.
        conflicts: numbers that the hub holds already with other content.
    """

    epoch: str
    contiguous: int
    rejected: list[Rejection] = []
    conflicts: list[int] = []
