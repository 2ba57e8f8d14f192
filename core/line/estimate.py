"""What the line carries, from what it carried: robust to bursts, caps and outages.

Rules:
    - A rate is what came in a stretch of seconds of steady transfer; the median of the latest
      stretches is believed, so that neither a burst nor a stall decides.
    - What came slowly because a cap held it back says only that the line carries at least that.
    - How often the line is there is learnt apart from how much it carries when it is.
"""

from typing import Annotated, Final

import msgspec

_Rate = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
_Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]

MOST_SAMPLES: Final = 60
UNKNOWN_RATE: Final = 32_000.0
"""256 kbit/s: what is assumed of a line that nobody has measured, bytes a second."""
_SAFE_SHARE: Final = 0.5


class Estimate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is believed of the line.

    Attributes:
        samples: rates of the latest stretches, bytes a second on the wire, oldest first.
        up: share of the time in which the line is there.
        latency: seconds until an answer begins on an open connection; 0 while unknown.
    """

    samples: Annotated[tuple[_Rate, ...], msgspec.Meta(max_length=MOST_SAMPLES)] = ()
    up: _Ratio = 1.0
    latency: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0

    @property
    def is_measured(self) -> bool:
        """Whether anything was measured."""
        return bool(self.samples)

    @property
    def rate(self) -> float:
        """Bytes a second that the line carries when it is there."""
        return _quantile(self.samples, 0.5) if self.samples else UNKNOWN_RATE

    @property
    def expected(self) -> float:
        """Bytes a second over hours, outages included."""
        return self.rate * self.up

    @property
    def safe(self) -> float:
        """Bytes a second over hours that the line has nearly always carried."""
        low = _quantile(self.samples, 0.1) if self.samples else UNKNOWN_RATE * _SAFE_SHARE
        return min(low, self.rate) * self.up * (0.5 + self.up / 2)

    def capped(self, cap: float | None) -> "Estimate":
        """Give what comes of it where no more than ``cap`` bytes a second may; None for any."""
        if cap is None or (not self.samples and cap >= UNKNOWN_RATE):
            return self
        known = self.samples or (UNKNOWN_RATE * _SAFE_SHARE, UNKNOWN_RATE, UNKNOWN_RATE)
        return msgspec.structs.replace(self, samples=tuple(min(one, cap) for one in known))


def _quantile(samples: tuple[float, ...], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
