"""What is wrong with a timetable, or worth a look, each with the place where it stands."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from core.display import one_line
from core.errors import PackhorseError, UsageError
from core.text import counted

MOST_TOLD: Final = 50


class Finding(NamedTuple):
    """One sentence about one place, such as a row; ``where`` is empty for the whole file."""

    where: str
    text: str

    def __str__(self) -> str:
        """Give it as one line."""
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclass
class Findings:
    """All that was found.

    Attributes:
        faults: they keep the timetable from being published.
        warnings: they do not.
    """

    faults: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    _seen: set[Finding] = field(default_factory=set)

    def fault(self, where: str, text: str) -> None:
        """Note what keeps the timetable from being published."""
        self._note(self.faults, Finding(where, one_line(text, 600)))

    def warn(self, where: str, text: str) -> None:
        """Note what is worth a look."""
        self._note(self.warnings, Finding(where, one_line(text, 600)))

    def take(self, where: str, error: PackhorseError) -> None:
        """Note an error as a fault, with its cure."""
        self.fault(where, f"{error} {error.hint}".strip())

    def raise_faults(self, what: str) -> None:
        """End where there are faults; they were told before.

        Raises:
            UsageError: with their number.
        """
        if self.faults:
            raise UsageError(
                "{what} cannot be published: {places}.",
                hint="Nothing was published. Correct what is named above and try again.",
                what=what,
                places=counted(len(self.faults), "fault"),
            )

    def _note(self, kept: list[Finding], finding: Finding) -> None:
        if finding not in self._seen:
            self._seen.add(finding)
            kept.append(finding)


def shortened(findings: list[Finding]) -> list[str]:
    """Give findings as lines, up to a bound."""
    more = len(findings) - MOST_TOLD
    lines = [str(one) for one in findings[:MOST_TOLD]]
    return [*lines, f"and {more} more"] if more > 0 else lines
