"""What crossed a line and what befell it."""

from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class Counters:
    """Whole numbers that only grow; bytes are payload of TCP, delivered."""

    connections: int = 0
    up: int = 0
    """Bytes delivered to upstream (or read by the captive portal)."""
    down: int = 0
    """Bytes delivered to clients."""
    cuts: int = 0
    """Connections that were open and were cut."""
    refused: int = 0
    """Connections that came while the line was down."""
    portal_pages: int = 0
    flipped_bits: int = 0
    unreachable: int = 0
    """Connections for which upstream did not answer."""

    def copy(self) -> "Counters":
        """Return the numbers as they are now."""
        return Counters(**asdict(self))

    def since(self, earlier: "Counters") -> "Counters":
        """Return how much each number grew since an earlier copy."""
        return Counters(
            **{
                one.name: getattr(self, one.name) - getattr(earlier, one.name)
                for one in fields(self)
            }
        )

    def as_json(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)
