"""What a timetable changes, in words and as data; and a channel as a table or a calendar."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.display import one_line, title_in
from core.text import counted, human_bytes
from core.timetable import Channel, Slot
from packager.timetable.channels import Week
from packager.timetable.placing import local_day
from packager.timetable.times import clock_text

HEADINGS: Final = ("date", "start", "minutes", "pack", "lesson", "title", "channel")
_MOST_LINES: Final = 40
Titles = Callable[[Slot], str]


def change_lines(
    channel: Channel, weeks: Sequence[Week], zone: ZoneInfo, titles: Titles
) -> list[str]:
    """Say what changes, week by week.

    Args:
        channel: as it will be.
        weeks: what changes.
        zone: the channel's.
        titles: gives what to call a lesson.
    """
    lines = [f"{_name(channel)}: {counted(len(channel.slots), 'lesson')}, {channel.zone}"]
    details = 0
    for week in weeks:
        counts = [
            f"{len(found)} {word}"
            for found, word in (
                (week.added, "added"), (week.removed, "removed"), (week.moved, "moved"),
            )
            if found
        ]  # fmt: skip
        lines.append(f"  week of {week.monday}: {', '.join(counts)}")
        signed = [(one, "+", "") for one in week.added]
        signed += [(one, "-", "") for one in week.removed]
        signed += [(one, "~", f" -> {_when(other, zone)}") for one, other in week.moved]
        rows = [
            f"    {sign} {_slot_line(one, zone, titles)}{behind}"
            for one, sign, behind in sorted(signed, key=lambda row: (row[0].start, row[1]))
        ]
        lines += rows[: max(0, _MOST_LINES - details)]
        details += len(rows)
    if details > _MOST_LINES:
        lines.append(f"  ({counted(details - _MOST_LINES, 'more lesson')} not shown one by one)")
    return lines


def size_line(before: int, after: int, place: str) -> str:
    """Say what the assignment grows by."""
    change = after - before
    how = "grows" if change >= 0 else "shrinks"
    return (
        f"  the assignment of {place} {how} by {human_bytes(abs(change))} to {human_bytes(after)},"
        " which each of its schools fetches"
    )


def _slot_line(slot: Slot, zone: ZoneInfo, titles: Titles) -> str:
    again = " (again)" if slot.repeat else ""
    title = one_line(titles(slot))
    return f"{_when(slot, zone)}, {slot.minutes} min  {title}{again}  {slot.pack}"


def change_data(channel: Channel, weeks: Sequence[Week], zone: ZoneInfo) -> dict[str, Any]:
    """Give the same as data."""
    return {
        "channel": channel.id,
        "lessons": len(channel.slots),
        "weeks": [
            {
                "monday": week.monday.isoformat(),
                "added": [slot_data(one, zone) for one in week.added],
                "removed": [slot_data(one, zone) for one in week.removed],
                "moved": [
                    {"before": slot_data(one, zone), "after": slot_data(other, zone)}
                    for one, other in week.moved
                ],
            }
            for week in weeks
        ],
    }


def slot_data(slot: Slot, zone: ZoneInfo) -> dict[str, Any]:
    """Give one lesson as data; ``start`` as people there read it."""
    local = _local(slot, zone)
    return {
        "start": local.isoformat("T", "minutes"),
        "minutes": slot.minutes,
        "pack": slot.pack,
        "item": slot.item,
        "title": slot.title,
        "repeat": slot.repeat,
    }


def channel_rows(
    channels: Iterable[Channel], zone_of: Callable[[str], ZoneInfo]
) -> list[list[str]]:
    """Give channels as a table that ``pack timetable`` reads again."""
    rows = [list(HEADINGS)]
    for channel in channels:
        zone = zone_of(channel.zone)
        for slot in channel.slots:
            local = _local(slot, zone)
            at = clock_text(local.hour * 60 + local.minute)
            rows.append(
                [local.date().isoformat(), at, str(slot.minutes), slot.pack, slot.item,
                 slot.title, channel.id]
            )  # fmt: skip
    return rows


def channel_calendar(channels: Sequence[Channel], titles: Titles, now: datetime) -> bytes:
    """Give channels as a calendar that any calendar program opens."""
    from icalendar import Calendar, Event  # noqa: PLC0415 - heavy

    calendar = Calendar()
    calendar.add("prodid", "-//Packhorse//timetable//")
    calendar.add("version", "2.0")
    if channels:
        calendar.add("x-wr-calname", ", ".join(_name(one) for one in channels))
        calendar.add("x-wr-timezone", channels[0].zone)
    for channel in channels:
        for slot in channel.slots:
            event = Event()
            event.add("uid", f"{channel.id}.{slot.start}@packhorse")
            event.add("dtstamp", now.replace(microsecond=0))
            start = datetime.fromtimestamp(slot.start * 60, UTC)
            event.add("dtstart", start)
            event.add("dtend", start + timedelta(minutes=slot.minutes))
            event.add("summary", titles(slot))
            event.add("x-packhorse-item", f"{slot.pack}/{slot.item}")
            calendar.add_component(event)
    data: bytes = calendar.to_ical()
    return data


def _name(channel: Channel) -> str:
    title = title_in(channel.title, "zh", "")
    return f"{channel.id} ({title})" if title else channel.id


def _local(slot: Slot, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(slot.start * 60, UTC).astimezone(zone)


def _when(slot: Slot, zone: ZoneInfo) -> str:
    local = _local(slot, zone)
    return f"{local_day(slot, zone)} {local:%a %H:%M}"
