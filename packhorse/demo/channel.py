"""The day's timetable, and a television that tunes in to it."""

import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple

from packhorse.demo.visitor import Visitor

CHANNEL: Final = "g5"
LESSONS: Final = 180
"""A lesson each minute, for three hours."""
BEGUN: Final = timedelta(minutes=3)
"""So long ago the first one began."""
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_MAP: Final = re.compile(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"')
_PART: Final = re.compile(r"(?:#EXT-X-BYTERANGE:(\d+)@(\d+)\n)?^([^#\s]+)$", re.MULTILINE)


class Tuned(NamedTuple):
    """What a player got of a channel: how many parts, and whether all came whole."""

    parts: int
    whole: bool


def calendar(address: str, now: datetime) -> str:
    """Write a calendar in which a lesson has begun and is shown again each minute.

    Args:
        address: the lesson's, such as ``demo/county/course/lesson``.
        now: the present moment in UTC.
    """
    first = now.replace(second=0, microsecond=0) - BEGUN
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Packhorse//demo//EN"]
    for number in range(LESSONS):
        start = first + timedelta(minutes=number)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{number}@demo",
            f"DTSTAMP:{first:{_STAMP}}",
            f"DTSTART:{start:{_STAMP}}",
            f"DTEND:{start + timedelta(minutes=1):{_STAMP}}",
            f"LOCATION:{address}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def tune_in(portal: str) -> Tuned:
    """Play the channel as a television does: its list, and the parts that the list names."""
    visitor = Visitor(portal)
    page = visitor.get(f"/air/{CHANNEL}.m3u8")
    if page.status != HTTPStatus.OK:
        return Tuned(0, whole=False)
    parts = [(url, size, start) for url, size, start in _MAP.findall(page.text)]
    parts += [(url, size, start) for size, start, url in _PART.findall(page.text)]
    return Tuned(len(parts), bool(parts) and all(_comes(visitor, *part) for part in parts))


def _comes(visitor: Visitor, url: str, size: str, start: str) -> bool:
    if not size:
        # A file of its own, such as the slate's.
        whole = visitor.get(url)
        return whole.status == HTTPStatus.OK and bool(whole.body)
    part = visitor.get(url, Range=f"bytes={start}-{int(start) + int(size) - 1}")
    return part.status == HTTPStatus.PARTIAL_CONTENT and len(part.body) == int(size)
