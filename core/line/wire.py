"""What bytes of content come to on the wire: TCP, IP and Ethernet headers, acknowledgements, HTTP.

``sync.meter`` counts the same things as they really happen.
"""

from dataclasses import dataclass, replace
from typing import Final

SEGMENT_BYTES: Final = 1448
_HEADERS: Final = 66
# Receivers acknowledge every second segment.
_ACKNOWLEDGED: Final = 2
# Hardly any where a cap lets them read by fits and starts; but what is planned while there is one
# may come in hours without. So something between.
_ACKNOWLEDGED_CAPPED: Final = 4
_TLS_RECORD: Final = 16 * 1024
_TLS_OVERHEAD: Final = 22
# To make an encrypted connection and end it, with the other side's certificates.
_TLS_CONNECTION: Final = 6000


@dataclass(frozen=True, slots=True)
class Wire:
    """What requests cost, bytes.

    Attributes:
        tls: whether the line is encrypted.
        request: of a request and the head of its answer, headers of their segments included.
        connection: to make one and end it, encryption included.
        largest: content that one request asks for at most.
        acknowledged: segments that are acknowledged together.
    """

    tls: bool = False
    request: int = 700
    connection: int = 550
    largest: int = 4 * 1024 * 1024
    acknowledged: int = _ACKNOWLEDGED

    @property
    def capped(self) -> "Wire":
        """Give what it probably costs under a cap; as a bound it would be too little."""
        return replace(self, acknowledged=_ACKNOWLEDGED_CAPPED)


def wire_to(url: str) -> Wire:
    """Say what requests to an address cost."""
    return Wire(tls=True, connection=_TLS_CONNECTION) if url.startswith("https:") else Wire()


def wire_bytes(content: int, wire: Wire, *, requests: int | None = None) -> int:
    """Give what content costs on an open connection, both ways.

    Args:
        content: bytes of index and blocks.
        wire: what requests cost.
        requests: how many it takes; None for as few as possible.
    """
    if content <= 0:
        return 0
    # Whole numbers, rounded up.
    count = -(-content // wire.largest) if requests is None else requests
    records = -(-content // _TLS_RECORD) * _TLS_OVERHEAD if wire.tls else 0
    segments = -(-(content + records) // SEGMENT_BYTES)
    acknowledgements = -(-segments // wire.acknowledged)
    return content + records + (segments + acknowledgements) * _HEADERS + count * wire.request
