"""A channel as a file makes it, beside the one that is published."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from core.display import one_line
from core.errors import UsageError
from core.timetable import Channel, check_channels
from packager.remote import Remote
from packager.scan import scan
from packager.settings import titled
from packager.timetable.channels import Week, joined, recent, staying, weeks_of
from packager.timetable.findings import Findings
from packager.timetable.known import Pack, Packs
from packager.timetable.matching import Matcher
from packager.timetable.placing import Overlap, Placing, place
from packager.timetable.reading import Request, read_lessons
from packager.timetable.times import parse_date, plain

_LANGUAGE = re.compile(r"([a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)=(.+)", re.DOTALL)
_MOST_TITLE: Final = 300


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person asked for, as they wrote it; empty for what is published, or usual.

    Attributes:
        channel: the channel's id.
        titles: its titles, one perhaps for each language.
        group: whose schools have it.
        form: the form of teaching.
        zone: its zone.
        first: the first day that the file is about.
        last: the last one.
        term: a day of the term's first week.
        minutes: how long lessons are of which no end is written.
        days: another file, with holidays and so on.
        pack: which pack is meant where a lesson names none.
        overlap: what happens where two lessons overlap.
        leave_out_unknown: whether lessons that no pack has are left out.
    """

    channel: str
    titles: Sequence[str] = ()
    group: str = ""
    form: str = ""
    zone: str = ""
    first: str = ""
    last: str = ""
    term: str = ""
    minutes: int = 40
    days: Path | None = None
    pack: str = ""
    overlap: Overlap = "refuse"
    leave_out_unknown: bool = False


@dataclass(frozen=True)
class Draft:
    """A channel as it is to be published.

    Attributes:
        channel: the channel.
        zone: its zone.
        weeks: what changes.
        first: the first day that the file is about.
        last: the last one.
    """

    channel: Channel
    zone: ZoneInfo
    weeks: list[Week]
    first: date
    last: date


def make_draft(  # noqa: PLR0913 - the file, what is there, and the clocks
    file: Path,
    wishes: Wishes,
    *,
    old: Channel | None,
    packs: Packs,
    findings: Findings,
    now: datetime,
    clock: Callable[[], float],
) -> Draft:
    """Make a channel of a file.

    Args:
        file: the calendar or table.
        wishes: what the person asked for.
        old: the channel as it is published, if it is.
        packs: where lessons are looked for.
        findings: takes what is wrong with single rows or events.
        now: the present.
        clock: gives monotonic seconds.

    Raises:
        PackhorseError: the file cannot be read at all, or a wish makes no sense.
    """
    head = _headed(wishes, old)
    zone = find_zone(head.zone)
    today = now.astimezone(zone).date()
    request = Request(
        names=frozenset(plain(one) for one in (head.id, *head.title.values())),
        zone=zone,
        first=_day(wishes.first, "--from") or today,
        last=_day(wishes.last, "--until"),
        term=_day(wishes.term, "--term-start"),
        minutes=wishes.minutes,
        days=wishes.days,
    )
    if request.last is not None and request.last < request.first:
        raise UsageError(
            "--until is {last}, before {first}.",
            hint="Without --from, a timetable begins today.",
            last=request.last,
            first=request.first,
        )
    lessons = read_lessons(file, request, findings, clock)
    before, after = staying(old, lessons.first, lessons.last, zone)
    placing = Placing(zone, wishes.overlap, wishes.leave_out_unknown)
    matcher = Matcher(packs, wishes.pack)
    new = place(lessons.entries, matcher, placing, before, findings)
    for problem in packs.problems:
        findings.warn("", problem)
    channel = msgspec.structs.replace(head, slots=joined(before, new, after))
    weeks = weeks_of(recent(old, lessons.first, zone), channel.slots, zone)
    if not findings.faults:
        check_channels([channel])
    return Draft(channel, zone, weeks, lessons.first, lessons.last)


def _headed(wishes: Wishes, old: Channel | None) -> Channel:
    """Give the channel without lessons: as wished, else as published, else as usual."""
    base = old or Channel(id=wishes.channel)
    return msgspec.structs.replace(
        base,
        title=_titles(wishes.titles) or base.title,
        group=wishes.group or base.group,
        form=wishes.form or base.form,
        zone=wishes.zone or base.zone,
        slots=[],
    )


def _titles(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        tagged = _LANGUAGE.fullmatch(text.strip())
        title = one_line(tagged[2] if tagged else text)
        if not title or len(title) > _MOST_TITLE:
            raise UsageError("A channel's title has 1 to {limit} characters.", limit=_MOST_TITLE)
        found |= {tagged[1]: title} if tagged else titled(title, "")
    return found


def _day(text: str, option: str) -> date | None:
    if not text:
        return None
    found = parse_date(text)
    if found is None:
        raise UsageError(
            "{option} is {text}, not a date.",
            hint="Write dates as year-month-day, such as 2026-09-01.",
            option=option,
            text=repr(text[:40]),
        )
    return found


def find_zone(name: str) -> ZoneInfo:
    """Find a time zone such as ``Asia/Shanghai``.

    Raises:
        UsageError: this computer knows no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            "There is no time zone {name}.",
            hint="Write it like Asia/Shanghai.",
            name=repr(one_line(name)[:60]),
        ) from error


def known_packs(remote: Remote | None, folders: Sequence[Path]) -> Packs:
    """Give the packs of folders and of a repository.

    Raises:
        PackhorseError: a folder is no pack, or the repository's signatures are not right.
    """
    packs = Packs(_of_folder(one) for one in folders)
    if remote is not None:
        packs.add_published(remote)
    return packs


def _of_folder(place: Path) -> Pack:
    folder = scan(place)
    return Pack(folder.settings.id, folder.items, folder.settings.titles)
