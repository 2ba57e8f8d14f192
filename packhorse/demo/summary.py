"""What the demo found: data for ``--json``, and the same in words."""

from dataclasses import asdict, dataclass, field
from typing import Any

from core.text import counted, human_bytes


@dataclass
class Transfer:
    """One transfer over the line.

    Attributes:
        what: in words.
        content: bytes of the lessons that it brought up to date.
        reported: bytes on the wire as the node counts them.
        line: payload bytes that crossed the line, both ways, counted by the line itself.
    """

    what: str
    content: int
    reported: int
    line: int


@dataclass
class Summary:
    """The whole story in numbers; ``failures`` is empty when all of it held."""

    course: str = ""
    lessons: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    statements_made: int = 0
    statements_received: int = 0
    served_without_line: bool = False
    waiting_without_line: int = 0
    channel_parts: int = 0
    class_cues: int = 0
    class_reported: bool = False
    portal: str = ""
    channel: str = ""
    classes: str = ""
    teacher: str = ""
    pin: str = ""
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def check(self, holds: bool, failure: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note ``failure`` unless the thing holds."""
        if not holds:
            self.failures.append(failure)

    @property
    def ok(self) -> bool:
        """Whether all of it held."""
        return not self.failures

    def as_data(self) -> dict[str, Any]:
        """Give the summary for ``--json``."""
        return {"ok": self.ok, **asdict(self)}

    def as_lines(self) -> list[str]:
        """Give the summary in words."""
        served = sum(1 for lesson in self.lessons if lesson["served"])
        lessons = counted(len(self.lessons), "lesson")
        lines = [f"{self.course}: {served} of {lessons} served."]
        for one in self.transfers:
            share = f" ({one.line / one.content:.1%} of the content)" if one.content else ""
            lines.append(
                f"{one.what}: {human_bytes(one.line)} on the line for"
                f" {human_bytes(one.content)} of lessons{share}."
            )
        word = "served on" if self.served_without_line else "NOT served"
        lines += [
            f"Without a line: {word}; {counted(self.waiting_without_line, 'statement')} waited.",
            f"Statements: {self.statements_made} made, {self.statements_received} received.",
        ]
        if self.channel:
            lines += [
                f"Channel: {counted(self.channel_parts, 'part')} of it played.",
                (
                    f"Class: it stopped at {counted(self.class_cues, 'cue')}, and the hub"
                    f" {'has' if self.class_reported else 'does NOT have'} its one statement."
                ),
            ]
        return lines + [f"FAILED: {failure}" for failure in self.failures]
