"""No upstream at all, for a node that goes on with what it has."""

from collections.abc import Generator

from sync.events import Traffic
from sync.source import Document, MissingError


class Nowhere:
    """A source that has nothing."""

    @property
    def name(self) -> str:
        """What to call it to a person."""
        return "-"

    def read(self, path: str, limit: int) -> bytes:  # noqa: ARG002 - a source's signature
        """Have no such file.

        Raises:
            MissingError: always.
        """
        raise _missing(path)

    def poll(self, path: str, limit: int, validator: str) -> Document | None:  # noqa: ARG002
        """Have no such file; raises as ``read``."""
        raise _missing(path)

    def open_range(
        self,
        path: str,
        start: int,  # noqa: ARG002 - a source's signature
        stop: int,  # noqa: ARG002 - the same
    ) -> Generator[bytes, None, None]:
        """Have no such file; raises as ``read``."""
        raise _missing(path)

    def traffic(self) -> Traffic:
        """Nothing travels."""
        return Traffic()

    def close(self) -> None:
        """Nothing is open."""


def _missing(path: str) -> MissingError:
    return MissingError(
        "No other node has the file {path}.",
        hint="It comes by line, by stick, or when another node has it.",
        fault="missing",
        path=path,
    )
