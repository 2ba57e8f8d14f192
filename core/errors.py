"""Errors, by what the caller can do about them.

Every error is one sentence in the user's words plus a hint that says what to do. Both are
templates with named fields, so that an edge can translate the template before filling it in.
Anything that is not a ``PackhorseError`` is a bug and stays visible.

    PackhorseError
    +- RefusedError       untrusted or invalid bytes: quarantine, never retry the same
    +- UnavailableError   the other side or the line: retry with back-off and jitter
    +- ExhaustedError     disk, budget or hours: wait
    +- UsageError         tell the operator
       +- NoStateError         there is nothing here yet (not enrolled, not initialised)
       +- AlreadyRunningError  another process does this already
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's exit status means (``docs/design.md``, section 12)."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PARTIAL = 3
    NO_STATE = 10
    ALREADY_RUNNING = 11
    REFUSED = 12
    EXHAUSTED = 13
    OFFLINE = 14


class PackhorseError(Exception):
    """A failure with a cause in plain words and a cure.

    Args:
        template: one sentence with ``{named}`` fields.
        hint: what to do about it, a template over the same fields.
        fields: values of the named fields.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, template: str, *, hint: str = "", **fields: object) -> None:
        """Keep template and fields apart, for translation."""
        super().__init__(template)
        self.template = template
        self.hint_template = hint
        self.fields = fields

    def __str__(self) -> str:
        """Give the sentence in English."""
        return self.template.format(**self.fields) if self.fields else self.template

    @property
    def hint(self) -> str:
        """What to do, in English; empty when the sentence says it all."""
        return self.hint_template.format(**self.fields) if self.fields else self.hint_template

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling, which Exception's own rule would lose the fields in."""
        return _rebuild, (type(self), self.template, self.hint_template, self.fields)


def _rebuild(
    kind: type[PackhorseError], template: str, hint: str, fields: dict[str, object]
) -> PackhorseError:
    return kind(template, hint=hint, **fields)


class RefusedError(PackhorseError):
    """Untrusted or invalid bytes: quarantine them, never retry the same."""

    exit_code = ExitCode.REFUSED


class UnavailableError(PackhorseError):
    """The line or the other side failed: retry with back-off and jitter."""

    exit_code = ExitCode.OFFLINE


class ExhaustedError(PackhorseError):
    """Disk, budget or hours are used up: wait, or free some."""

    exit_code = ExitCode.EXHAUSTED


class UsageError(PackhorseError):
    """The operator asked for something that cannot be done."""

    exit_code = ExitCode.USAGE


class NoStateError(UsageError):
    """There is nothing here yet: not enrolled, or not initialised."""

    exit_code = ExitCode.NO_STATE


class AlreadyRunningError(UsageError):
    """Another process is doing this already."""

    exit_code = ExitCode.ALREADY_RUNNING


def kind_of(exit_code: int) -> type[PackhorseError]:
    """Give the family whose errors end with an exit code, for one that another process tells."""
    families = (RefusedError, UnavailableError, ExhaustedError, NoStateError, AlreadyRunningError)
    return next((kind for kind in families if kind.exit_code == exit_code), UsageError)
