"""Refusals that have an HTTP status of their own; any other refusal is 400."""

from typing import ClassVar

from core.errors import ExhaustedError, RefusedError, UnavailableError


class ForbiddenError(RefusedError):
    """Well-formed, but this caller may not."""

    status: ClassVar[int] = 403


class ConflictError(RefusedError):
    """Somebody else has it already."""

    status: ClassVar[int] = 409


class ReusedTokenError(ConflictError):
    """The token is another node's; whoever tries it holds a copy of it."""


class TooLargeError(RefusedError):
    """The request's body is longer than accepted."""

    status: ClassVar[int] = 413


class DamagedError(RefusedError):
    """The hub's own files are damaged: no fault of the caller, who keeps what it sent."""

    status: ClassVar[int] = 500


class TooSlowError(UnavailableError):
    """The request did not come in time."""

    status: ClassVar[int] = 408


class TooOftenError(ExhaustedError):
    """More often, or more, than accepted: wait."""

    status: ClassVar[int] = 429
