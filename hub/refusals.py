"""Refusals that have an HTTP status of their own; any other refusal is 400."""

from typing import ClassVar

from core.errors import ExhaustedError, RefusedError


class ForbiddenError(RefusedError):
    """Well-formed, but this caller may not."""

    status: ClassVar[int] = 403


class ConflictError(RefusedError):
    """Somebody else has it already."""

    status: ClassVar[int] = 409


class TooLargeError(RefusedError):
    """The request's body is longer than accepted."""

    status: ClassVar[int] = 413


class TooOftenError(ExhaustedError):
    """One address asks more often than accepted: wait."""

    status: ClassVar[int] = 429
