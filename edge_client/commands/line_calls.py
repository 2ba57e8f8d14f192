"""What the commands of ``packhorse node line`` share: reading words, calling, showing."""

import re
from collections.abc import Callable, Iterable
from typing import Final

import click
import msgspec

from core.control_line import LONGEST_OPEN_MINUTES, LineReport, OpenCall, SetLineCall
from core.errors import UsageError
from core.line.hours import painted, parse_days, parse_hours, parse_share
from core.line.settings import LARGEST_BUDGET, USUAL_WEEK, LineSettings, Week
from core.text import parse_size
from edge_client.commands.agent_or_disk import through_agent
from edge_client.commands.options import give, state_directory, tell, whole
from edge_client.line_words import line_facts

_FOR: Final = re.compile(r"(\d{1,4})\s*(h|min)\Z", re.ASCII)
_USUAL: Final = "usual"
_NONE: Final = "none"
_MINUTES: Final = 60


def painter(days: str, hours: str, share: str) -> Callable[[Week], Week]:
    """Give what changes a week as a person wants it; ``days`` of ``usual`` is the usual week.

    Raises:
        UsageError: days, hours or share cannot be read.
    """
    if days == _USUAL:
        if hours or share:
            raise UsageError(
                "The usual week has its own hours.",
                hint="Write `packhorse node line hours usual` alone.",
            )
        return lambda _: USUAL_WEEK
    chosen, clock, percent = parse_days(days), parse_hours(hours), parse_share(share)
    if chosen is None:
        raise _unreadable("{text} are no days.", days, "Write them like mon-fri, sat,sun or all.")
    if clock is None:
        raise _unreadable("{text} are no hours.", hours, "Write them like 7-18, 22-6 or all.")
    if not share:
        raise UsageError(
            "It is not said which share of the line.", hint="Write it like mon-fri 7-18 20%."
        )
    if percent is None:
        raise _unreadable("{text} is no share.", share, "Write it like 20%, from 0% to 100%.")
    return lambda week: painted(week, chosen, clock, percent)


def opening(state: str | None, text: str) -> OpenCall:
    """Read for how long, or until when, the line is to be opened.

    Raises:
        UsageError: it is neither a duration nor a time, or more than a week.
    """
    from edge_client.line_changes import too_long
    from edge_client.parts import parts_of

    match = _FOR.match(text)
    if match:
        minutes = int(match[1]) * (_MINUTES if match[2] == "h" else 1)
        if minutes > LONGEST_OPEN_MINUTES:
            raise too_long()
        if not minutes:
            raise UsageError(
                "The line cannot be opened for no time.",
                hint="Write it like 3h; `packhorse node line close` goes back to the hours.",
            )
        return OpenCall(minutes=minutes)
    # Refuses what is no time, in words.
    parts_of(state_directory(state)).school.moment_of(text)
    return OpenCall(until=text)


def parse_budget(text: str) -> int | None:
    """Read a budget; None for none.

    Raises:
        UsageError: it is no size.
    """
    if text.lower() == _NONE:
        return None
    size = parse_size(text)
    if size is None or size > LARGEST_BUDGET:
        raise _unreadable("{text} is no size.", text, "Write it like 2GB, 500MB or none.")
    return size


def _unreadable(sentence: str, text: str, hint: str) -> UsageError:
    return UsageError(sentence, hint=hint, text=repr(text[:40]))


def line_report(state: str | None) -> LineReport:
    """Ask how the line stands."""
    from edge_client.parts import parts_of

    where = state_directory(state)

    def here() -> LineReport:
        return parts_of(where).planned.line()

    return through_agent(where, LineReport, here, "line")


def set_line(state: str | None, call: SetLineCall, *, as_json: bool) -> None:
    """Set something, and show how the line stands then."""
    call_line(state, "set_line", call, as_json=as_json)


def call_line(
    state: str | None, method: str, call: SetLineCall | OpenCall | None, *, as_json: bool
) -> None:
    """Change something, and show how the line stands then."""
    where = state_directory(state)

    def here() -> LineSettings:
        from edge_client import line_changes
        from edge_client.parts import parts_of

        if isinstance(call, SetLineCall):
            return line_changes.set_line(where, parts_of(where).school, call)
        if isinstance(call, OpenCall):
            return line_changes.open_line(where, parts_of(where).school, call)
        return line_changes.pause(where, paused=method == "pause")

    params = {} if call is None else msgspec.to_builtins(call)
    through_agent(where, LineSettings, here, method, **params)
    show_line(state, as_json=as_json)


def show_line(state: str | None, *, as_json: bool) -> None:
    """Show how the line stands."""
    from edge_client.parts import parts_of

    report = line_report(state)
    if as_json:
        give(whole(report))
        return
    here = parts_of(state_directory(state)).school.here
    for name, value in line_facts(report, here):
        click.echo(f"{name:<9} {value}".rstrip())


def tell_unknown(state: str | None, channels: Iterable[str]) -> None:
    """Say which channels no timetable names that this node has: they may be misspelt, or come."""
    from sync.timetabled import Timetabled

    known = Timetabled(state_directory(state)).look()
    strangers = [one for one in dict.fromkeys(channels) if one not in known]
    if strangers:
        tell(f"No timetable that this node has names {' or '.join(strangers)} yet.")
