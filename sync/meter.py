"""Counts the bytes of one upstream, and can hang up.

Linux counts for each TCP connection the bytes and segments that really moved, repeated ones and
TLS included (``TCP_INFO``). It is asked through a duplicate of the socket, which outlives the
HTTP library's own handling of errors. Elsewhere the bytes of HTTP are added up instead.
"""

import os
import socket
import struct
import sys
from contextlib import suppress
from typing import Final, NamedTuple

from sync.events import Traffic

# <linux/tcp.h>, struct tcp_info: bytes_acked, bytes_received, segs_out, segs_in; then bytes_sent.
_COUNTERS: Final = struct.Struct("<QQII")
_COUNTERS_AT: Final = 120
_SENT: Final = struct.Struct("<Q")
_SENT_AT: Final = 200
# The smoothed round-trip time, microseconds.
_ROUND_TRIP_AT: Final = 68
_TCP_INFO: Final = getattr(socket, "TCP_INFO", None)
# TCP with timestamps 32, IP 20 or 40, Ethernet 14 bytes.
_SEGMENT_HEADERS: Final = {socket.AF_INET: 66, socket.AF_INET6: 86}
_SEGMENT_BYTES: Final = 1448
# What follows the last look: the two FINs and their acknowledgements.
_LAST_SEGMENTS: Final = 2


class _Count(NamedTuple):
    received: int = 0
    sent: int = 0
    segments_in: int = 0
    segments_out: int = 0


class Meter:
    """Watches one connection at a time."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._received = self._sent = self._line_received = self._line_sent = 0
        self._requests = self._connections = 0
        self._measured = True
        self._http_received = self._http_sent = 0

    def watch(self, connection: socket.socket) -> None:
        """Count a connection that was just made; the one before is over."""
        self.finish()
        self._connections += 1
        self._http_received = self._http_sent = 0
        self._socket = socket.socket(fileno=os.dup(connection.fileno()))

    def request(self, sent: int) -> None:
        """Note a request of ``sent`` bytes."""
        self._requests += 1
        self._http_sent += sent

    def answer(self, received: int) -> None:
        """Note bytes of an answer."""
        self._http_received += received

    def hang_up(self) -> None:
        """End the connection now; whoever reads from it gets an error. Called from a timer."""
        connection = self._socket
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Take the last count of the present connection and let go of it."""
        if self._socket is None:
            return
        connection, self._socket = self._socket, None
        received, sent, line_received, line_sent = self._look(connection, _LAST_SEGMENTS)
        self._received += received
        self._sent += sent
        self._line_received += line_received
        self._line_sent += line_sent
        connection.close()

    @property
    def is_watching(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None

    def round_trip(self) -> float:
        """Give the seconds of a round trip, as the system has measured it; 0 where it has not."""
        if self._socket is None or _TCP_INFO is None:
            return 0.0
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _ROUND_TRIP_AT + 4)
        except OSError:
            return 0.0
        return int.from_bytes(info[_ROUND_TRIP_AT:], sys.byteorder) / 1e6

    def traffic(self) -> Traffic:
        """Give the sums."""
        received = sent = line_received = line_sent = 0
        if self._socket is not None:
            received, sent, line_received, line_sent = self._look(self._socket, _LAST_SEGMENTS)
        return Traffic(
            received=self._received + received,
            sent=self._sent + sent,
            line_received=self._line_received + line_received,
            line_sent=self._line_sent + line_sent,
            requests=self._requests,
            connections=self._connections,
            measured=self._measured,
        )

    def _look(self, connection: socket.socket, more: int) -> tuple[int, int, int, int]:
        count = _system_count(connection)
        if count is None:
            self._measured = False
            segments_in = 2 + self._http_received // _SEGMENT_BYTES
            segments_out = 2 + self._http_sent // _SEGMENT_BYTES + segments_in // 2
            count = _Count(self._http_received, self._http_sent, segments_in, segments_out)
        headers = _SEGMENT_HEADERS.get(connection.family, 0)
        return (
            count.received,
            count.sent,
            count.received + (count.segments_in + more) * headers,
            count.sent + (count.segments_out + more) * headers,
        )


def _system_count(connection: socket.socket) -> _Count | None:
    if _TCP_INFO is None:
        return None
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
    except OSError:
        return None
    if len(info) < _COUNTERS_AT + _COUNTERS.size:
        return None
    acknowledged, received, segments_out, segments_in = _COUNTERS.unpack_from(info, _COUNTERS_AT)
    sent = acknowledged
    if len(info) >= _SENT_AT + _SENT.size:
        sent = max(acknowledged, _SENT.unpack_from(info, _SENT_AT)[0])
    if not segments_in and not segments_out:
        return None
    return _Count(received, sent, segments_in, segments_out)
