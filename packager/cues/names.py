"""Kinds of cues, moments and minutes in people's words, Chinese and English."""

import difflib
import re
import unicodedata
from typing import Final

from core.cues import MAX_GUIDE, Cue, CueKind
from core.display import one_line
from core.errors import UsageError

KINDS: Final[dict[CueKind, tuple[str, ...]]] = {
    "pause": ("停顿", "暂停"),
    "question": ("提问", "问题"),
    "activity": ("活动",),
    "discussion": ("讨论",),
    "exercise": ("练习",),
    "summary": ("小结", "总结"),
}
"""Each kind's Chinese names, the usual one first."""
_NAMES: Final = {name: kind for kind in KINDS for name in (kind, *KINDS[kind])}
LONGEST_HOURS: Final = 12
MAX_TITLE: Final = 300
MOST_MINUTES: Final = 120
_SHOWN: Final = 40
_DIGITS: Final = 3
_MOMENT = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:\.(\d{1,3}))?\Z")
_SIXTY: Final = 60
_THOUSAND: Final = 1000


def read_moment(text: str) -> int:
    """Read ``h:mm:ss`` or ``m:ss`` into milliseconds.

    What spreadsheets make of 65 minutes and 30 seconds, ``65:30:00``, is read as that.

    Raises:
        UsageError: it is not written so.
    """
    match = _MOMENT.match(unicodedata.normalize("NFKC", text).strip())
    if not match:
        raise _no_moment(text)
    parts = [int(part or 0) for part in match.groups()[:3]]
    hours, minutes, seconds = parts
    if hours > LONGEST_HOURS and not seconds:
        hours, minutes, seconds = 0, hours, minutes
    if seconds >= _SIXTY or (hours and minutes >= _SIXTY):
        raise _no_moment(text)
    rest = int((match[4] or "").ljust(3, "0"))
    found = ((hours * _SIXTY + minutes) * _SIXTY + seconds) * _THOUSAND + rest
    if found > LONGEST_HOURS * _SIXTY * _SIXTY * _THOUSAND:
        raise UsageError(
            "{text} is later than {most} hours.", text=text[:_SHOWN], most=LONGEST_HOURS
        )
    return found


def write_moment(at: int) -> str:
    """Write a moment as ``read_moment`` reads it."""
    seconds, rest = divmod(at, _THOUSAND)
    minutes, seconds = divmod(seconds, _SIXTY)
    hours, minutes = divmod(minutes, _SIXTY)
    text = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{text}:{seconds:02d}" + (f".{rest:03d}" if rest else "")


def read_kind(text: str) -> CueKind:
    """Read a kind's name; empty is a pause.

    Raises:
        UsageError: no kind is called so.
    """
    wanted = unicodedata.normalize("NFKC", text).strip().casefold()
    if not wanted:
        return "pause"
    kind = _NAMES.get(wanted)
    if kind is not None:
        return kind
    near = _near(wanted)
    raise UsageError(
        "{text} is not a kind of cue.",
        hint="Did you mean {near}?" if near else "Write one of: {known}.",
        text=one_line(text, _SHOWN),
        near=near,
        known=" ".join(f"{kind} {KINDS[kind][0]}," for kind in KINDS).rstrip(","),
    )


def _near(wanted: str) -> str:
    """Give the name that was probably meant; of Chinese ones two characters share one."""
    near = difflib.get_close_matches(wanted, _NAMES, n=1, cutoff=0.5)
    return near[0] if near else ""


def read_minutes(text: str) -> int:
    """Read how many minutes something should take; empty is 0, for no suggestion.

    Raises:
        UsageError: it is no such number.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return 0
    if not plain.isdecimal() or len(plain) > _DIGITS or int(plain) > MOST_MINUTES:
        raise UsageError(
            "{text} is no number of minutes from 0 to {most}.",
            text=one_line(text, _SHOWN),
            most=MOST_MINUTES,
        )
    return int(plain)


def make_cue(at: int, kind: CueKind, title: str, guide: list[str], minutes: int) -> Cue:
    """Give a cue with harmless texts.

    Args:
        at: milliseconds.
        kind: what is done there.
        title: what the class sees.
        guide: lines for the local teacher.
        minutes: how long it should take.

    Raises:
        UsageError: a text is too long.
    """
    lines = [one_line(line, 4 * MAX_GUIDE) for line in guide]
    told = "\n".join(lines).strip("\n")
    plain = one_line(title, 4 * MAX_TITLE)
    for name, text, most in (("title", plain, MAX_TITLE), ("guide", told, MAX_GUIDE)):
        if len(text) > most:
            raise UsageError(
                "Its {name} is longer than {most} characters.",
                hint="Put what is longer into a document of its own beside the video.",
                name=name,
                most=most,
            )
    return Cue(at=at, kind=kind, title=plain, guide=told, minutes=minutes)


def _no_moment(text: str) -> UsageError:
    return UsageError(
        "{text} is not a moment of the lesson.",
        hint="Write minutes and seconds, such as 5:30, or hours too, such as 1:05:30.",
        text=one_line(text, _SHOWN) or "''",
    )
