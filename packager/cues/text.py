"""Cues as they are written in a notepad.

    # What stands behind this mark is a remark.
    05:30 提问 分数是什么？ (3)
        请两三个学生说一说。
        再看黑板上的图。
    12:00 activity Fold the paper (5 min)

A line that begins with a time is a cue: time, kind, title, and in parentheses the minutes that it
should take; only the time must be there. Lines below it that begin with a space or tab are the
guide for the local teacher.
"""

import re
from typing import Final, NamedTuple

from core.cues import Cue
from core.errors import UsageError
from packager.cues.names import make_cue, read_kind, read_minutes, read_moment

_MINUTES = re.compile(
    r"[(（]\s{0,9}([0-9０-９]{1,9})\s{0,9}(?:min|mins|minutes?|分钟|分)?\s{0,9}[)）]\Z"
)
_SPACES: Final = (" ", "\t", "\u3000", "\u00a0")
_REMARK: Final = ("#", "＃")
_COLON: Final = "：:"


class Written(NamedTuple):
    """A cue, and the line that it begins on."""

    line: int
    cue: Cue


class Fault(NamedTuple):
    """What is wrong with a line."""

    line: int
    error: UsageError


class _Entry(NamedTuple):
    line: int
    head: str
    guide: list[str]


def read_text(text: str) -> tuple[list[Written], list[Fault]]:
    """Read the cues of a text, and what is wrong with its lines."""
    entries, faults = _entries(text)
    cues: list[Written] = []
    for entry in entries:
        try:
            cues.append(Written(entry.line, _cue(entry)))
        except UsageError as error:
            faults.append(Fault(entry.line, error))
    return cues, sorted(faults, key=lambda fault: fault.line)


def _entries(text: str) -> tuple[list[_Entry], list[Fault]]:
    entries: list[_Entry] = []
    faults: list[Fault] = []
    # Not splitlines: a form feed or the like inside a line is no line end to an editor.
    for number, whole in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        line = whole.rstrip()
        if line.startswith(_REMARK):
            continue
        if line and not line.startswith(_SPACES):
            entries.append(_Entry(number, line, []))
        elif entries:
            entries[-1].guide.append(line)
        elif line.strip():
            faults.append(Fault(number, _guide_of_nothing()))
    return entries, faults


def _cue(entry: _Entry) -> Cue:
    moment, _, rest = _words(entry.head)
    at = read_moment(moment)
    minutes, rest = _minutes(rest)
    kind, mark, title = _words(rest, _COLON)
    if not mark and kind and not title:
        # A kind alone, with a colon behind it or not.
        kind = kind.rstrip(_COLON)
    return make_cue(at, read_kind(kind), title, entry.guide, minutes)


def _words(text: str, marks: str = "") -> tuple[str, str, str]:
    """Split off the first word: what is before the first space or mark."""
    match = re.search(rf"[\s{marks}]", text)
    if not match:
        return text, "", ""
    return text[: match.start()], match[0], text[match.end() :].lstrip()


def _minutes(text: str) -> tuple[int, str]:
    match = _MINUTES.search(text)
    if not match:
        return 0, text
    return read_minutes(match[1]), text[: match.start()].rstrip()


def _guide_of_nothing() -> UsageError:
    return UsageError(
        "It begins with a space, but there is no cue above it.",
        hint="A cue begins with its time, such as 5:30, at the beginning of the line.",
    )
