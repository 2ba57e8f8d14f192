"""A bad school line on one machine: a TCP proxy that is slow, late, cut and dirty on purpose.

Every byte between a client and one upstream address goes through one `Line`. All connections
share its rate, as they share a school's real line, and every chance is drawn from one seed, so
that a failure can be had again. Payload bytes are counted when they are handed to the far end's
socket: with no cut, the counters equal what both ends saw.

Not a goal: packet loss, reordering or any other effect below TCP.
"""

from packhorse.line.counters import Counters
from packhorse.line.emulator import Line
from packhorse.line.options import CutMode, LineOptions, parse_interval, parse_rate
from packhorse.line.running import RunningLine, running_line

__all__ = [
    "Counters",
    "CutMode",
    "Line",
    "LineOptions",
    "RunningLine",
    "parse_interval",
    "parse_rate",
    "running_line",
]
