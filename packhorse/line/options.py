"""What a line is like: its rate, delays, cuts and chances, checked once when it is made."""

import re
from dataclasses import dataclass
from enum import StrEnum

from core.errors import UsageError
from core.text import parse_rate as read_rate

_INTERVAL = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?")
_SLOWEST = 125
_SHORTEST = 0.01
_LONGEST = 32


class CutMode(StrEnum):
    """How the two ends learn that a connection was cut."""

    RESET = "reset"
    CLOSE = "close"
    STALL = "stall"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOptions:
    """One line's nature; the defaults are a perfect line."""

    rate: int | None = None
    """Bytes a second for all connections and both directions together; None: no limit."""
    latency: float = 0.0
    """Seconds that each byte is late, in each direction; it does not lower the rate."""
    jitter: float = 0.0
    """Up to this many seconds more, drawn for each piece; order is kept."""
    cut_every: tuple[float, float] | None = None
    """All connections are cut after a time drawn from this range of seconds, again and again."""
    cut_after: int | None = None
    """A connection is cut once it has brought exactly this many bytes from upstream."""
    cut_chance: float = 0.0
    """Chance that a connection is cut within any 16 KiB that it carries in one direction."""
    cut_mode: CutMode = CutMode.RESET
    """How connections are cut, by chance and by the switch alike."""
    flip_chance: float = 0.0
    """Chance for each byte, in both directions, that one of its bits is flipped."""
    portal_chance: float = 0.0
    """Chance that a connection meets a captive portal's page in place of upstream."""
    seed: int = 0
    """All chances come from this number."""

    def __post_init__(self) -> None:
        """Refuse what no line can be.

        Raises:
            UsageError: A value is out of its range; the error names the field.
        """
        for name in ("cut_chance", "flip_chance", "portal_chance"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(
                    "{field} is {value}, but a chance lies between 0 and 1.",
                    hint="Give a number such as 0.01 for one in a hundred.",
                    field=name,
                    value=value,
                )
        for name in ("latency", "jitter", "cut_after"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise UsageError(
                    "{field} is {value}, but it cannot be negative.",
                    hint="Give 0 or more.",
                    field=name,
                    value=value,
                )
        if self.cut_every is not None and not _SHORTEST <= self.cut_every[0] <= self.cut_every[1]:
            raise _bad_interval("-".join(map(str, self.cut_every)))
        if self.rate is not None and self.rate < _SLOWEST:
            raise UsageError(
                "A rate of {rate} bytes a second is too slow for any transfer to end.",
                hint="Give at least 1kbit.",
                rate=self.rate,
            )


def parse_rate(text: str) -> int | None:
    """Read a rate such as `512kbit`, `2mbit` or `unlimited` as bytes a second (None: no limit).

    Raises:
        UsageError: The text is not a rate.
    """
    if text.strip().lower() == "unlimited":
        return None
    rate = read_rate(text)
    if rate is None:
        raise UsageError(
            "{text!r} is not a rate.",
            hint="Write a number and kbit or mbit, for example 512kbit, or unlimited.",
            text=text[:_LONGEST],
        )
    return rate


def parse_interval(text: str) -> tuple[float, float]:
    """Read `10` or `10-30` as the shortest and the longest time, in seconds.

    Raises:
        UsageError: The text is not a time range, is under 10 ms, or runs backwards.
    """
    match = _INTERVAL.fullmatch(text.strip())
    shortest, longest = (float(match[1]), float(match[2] or match[1])) if match else (0.0, 0.0)
    if not _SHORTEST <= shortest <= longest:
        raise _bad_interval(text)
    return shortest, longest


def _bad_interval(text: str) -> UsageError:
    return UsageError(
        "{text!r} is not a time range.",
        hint="Write seconds, for example 20, or a range such as 10-30.",
        text=text[:_LONGEST],
    )
