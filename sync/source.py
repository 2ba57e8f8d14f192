"""Where bytes come from: hub, peer, parent or stick, behind one small interface.

Errors by reaction: a ``MissingError`` says that the upstream is there and the file is not; any
other ``SourceError`` says that the line or the upstream failed, and another try may succeed. A
source refuses (``RefusedError``) only what is larger than the caller allows. Sources verify
nothing else: every carrier is untrusted, and what they bring is verified by whoever asked.
"""

from collections.abc import Generator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from core.errors import UnavailableError
from sync.events import Traffic
from sync.faults import OF_THE_FILE, REACTIONS, Fault, Reaction


class SourceError(UnavailableError):
    """The line or the upstream failed.

    Attributes:
        fault: what happened, for decisions and tests.
        retry_after: seconds that the upstream asked to wait, or 0.
    """

    def __init__(
        self,
        template: str,
        *,
        hint: str = "",
        fault: Fault = "failed",
        retry_after: float = 0.0,
        **fields: object,
    ) -> None:
        super().__init__(template, hint=hint, **fields)
        self.fault = fault
        self.retry_after = retry_after

    @property
    def is_of_the_file(self) -> bool:
        """Whether it is about one file of the upstream, so that others may still come."""
        return self.fault in OF_THE_FILE

    @property
    def reaction(self) -> Reaction:
        """What is to be done about it."""
        return REACTIONS[self.fault]

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling."""
        told = (self.template, self.hint_template, self.fault, self.retry_after)
        return _rebuild, (type(self), told, self.fields)


def _rebuild(
    kind: type[SourceError], told: tuple[str, str, Fault, float], fields: dict[str, object]
) -> SourceError:
    template, hint, fault, retry_after = told
    error = kind(template, hint=hint, fault=fault, retry_after=retry_after)
    error.fields = fields
    return error


class MissingError(SourceError):
    """The upstream answers, and has no such file."""


class Document(NamedTuple):
    """A whole small file.

    Attributes:
        validator: the upstream's name for this state of the file, to be given at the next poll;
            empty when it gives none.
    """

    data: bytes
    validator: str


class Source(Protocol):
    """An upstream. Paths are relative, segments separated by ``/``.

    Every method raises ``SourceError`` when the line or the upstream fails, and
    ``RefusedError`` when there are more bytes than allowed.
    """

    @property
    def name(self) -> str:
        """What to call it to a person."""

    def read(self, path: str, limit: int) -> bytes:
        """Read a whole small file of at most ``limit`` bytes."""

    def poll(self, path: str, limit: int, validator: str) -> Document | None:
        """Read a small file, or give None when it still is as ``validator`` says."""

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give the bytes from ``start`` to before ``stop`` as they come; close it when done."""

    def traffic(self) -> Traffic:
        """Give the bytes moved so far."""

    def close(self) -> None:
        """Let go of the upstream."""


@runtime_checkable
class Foreseeing(Protocol):
    """A source that can be told what will be asked for, where the way to it is long."""

    def foresee(self, path: str, ranges: Sequence[tuple[int, int]]) -> None:
        """Take note of what is asked for after the next range of this file, in order."""
