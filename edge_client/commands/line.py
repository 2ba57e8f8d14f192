"""``packhorse node line``."""

from typing import Final

import click
import msgspec

from core.control_line import OpenCall, SetLineCall
from core.errors import UsageError
from core.timetable import check_channel_id
from edge_client.commands.line_calls import (
    call_line,
    line_report,
    opening,
    painter,
    parse_budget,
    set_line,
    show_line,
    tell_unknown,
)
from edge_client.commands.options import json_option, state_option

_SHOW: Final = "show"


class _Showing(click.Group):
    """A group that shows when it is not told to do anything else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words behind the group's name."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Showing, short_help="Show or set what may be done with the line.")
def line() -> None:
    """Show or set what may be done with the line: hours, a monthly budget, pauses.

    What is set holds at once, and after a restart. Without a command, shows it.

    \b
    Examples:
      packhorse node line
      packhorse node line hours mon-fri 7-18 20%
      packhorse node line budget 2GB --day 5
      packhorse node line open 3h
    """  # noqa: D301 - \b is click's


@line.command(_SHOW, short_help="Show how the line may be used, and what it has carried.")
@state_option
@json_option
def show(state: str | None, as_json: bool) -> None:
    """Show hours, budget, switches, and what the line was measured to carry.

    \b
    Example:
      packhorse node line show --json
    """  # noqa: D301 - \b is click's
    show_line(state, as_json=as_json)


@line.command("hours", short_help="Set which share of the line is taken at which hours.")
@click.argument("days", metavar="DAYS|usual")
@click.argument("hours", required=False)
@click.argument("share", required=False)
@state_option
@json_option
def hours_(
    days: str, hours: str | None, share: str | None, state: str | None, as_json: bool
) -> None:
    """Take SHARE of the line at these HOURS of these DAYS, in the school's time.

    DAYS are like mon-fri, sat,sun or all; HOURS like 7-18 (from 7:00 to 18:00), 22-6 or all; at 0%
    nothing travels. `usual` sets the usual week: 20 % on school days from 7 to 18, else all.

    \b
    Examples:
      packhorse node line hours mon-fri 7-18 20%
      packhorse node line hours all 12-14 0%
      packhorse node line hours usual
    """  # noqa: D301 - \b is click's
    paint = painter(days, hours or "", share or "")
    week = paint(line_report(state).settings.week)
    set_line(state, SetLineCall(week=week), as_json=as_json)


@line.command("budget", short_help="Set how many bytes may travel in a month.")
@click.argument("size", metavar="SIZE|none", required=False)
@click.option("--day", type=click.IntRange(1, 28), help="Day of the month on which one begins.")
@state_option
@json_option
def budget(size: str | None, day: int | None, state: str | None, as_json: bool) -> None:
    """Let at most SIZE travel in a month, both ways, headers and failed tries included.

    When it is used up, nothing travels until the next month begins; lessons can still come by
    stick. `none` takes the limit away.

    \b
    Examples:
      packhorse node line budget 2GB --day 5
      packhorse node line budget none
    """  # noqa: D301 - \b is click's
    if size is None and day is None:
        raise UsageError("No budget is given.", hint="Write it like 2GB, 500MB or none.")
    call = SetLineCall(
        budget=msgspec.UNSET if size is None else parse_budget(size),
        budget_day=msgspec.UNSET if day is None else day,
    )
    set_line(state, call, as_json=as_json)


@line.command("open", short_help="Take all of the line for some time, whatever the hour.")
@click.argument("until", metavar="DURATION|TIME")
@state_option
@json_option
def open_(until: str, state: str | None, as_json: bool) -> None:
    """Take all of the line for a DURATION, or until a TIME; a week at most.

    The budget holds all the same. `packhorse node line close` goes back to the hours.

    \b
    Examples:
      packhorse node line open 3h
      packhorse node line open 90min
      packhorse node line open 2026-11-27T06:00
    """  # noqa: D301 - \b is click's
    call_line(state, "open_line", opening(state, until), as_json=as_json)


@line.command("close", short_help="Go back to the hours after `open`.")
@state_option
@json_option
def close(state: str | None, as_json: bool) -> None:
    """Go back to the hours before the time is over for which the line was opened.

    \b
    Example:
      packhorse node line close
    """  # noqa: D301 - \b is click's
    call_line(state, "open_line", OpenCall(), as_json=as_json)


@line.command("pause", short_help="Let nothing travel until `resume`.")
@state_option
@json_option
def pause(state: str | None, as_json: bool) -> None:
    """Let nothing travel by line until `packhorse node line resume`, also after a restart.

    What is here is served on, and sticks can be imported.

    \b
    Example:
      packhorse node line pause
    """  # noqa: D301 - \b is click's
    call_line(state, "pause", None, as_json=as_json)


@line.command("resume", short_help="Let things travel again.")
@state_option
@json_option
def resume(state: str | None, as_json: bool) -> None:
    """Let things travel again after `pause`.

    \b
    Example:
      packhorse node line resume
    """  # noqa: D301 - \b is click's
    call_line(state, "resume", None, as_json=as_json)


@line.command("metered", short_help="Let only what lessons need travel, or everything.")
@click.argument("switch", type=click.Choice(["on", "off"]))
@state_option
@json_option
def metered(switch: str, state: str | None, as_json: bool) -> None:
    """Count the line as metered: only what lessons need, small updates, wishes and records travel.

    \b
    Example:
      packhorse node line metered on
    """  # noqa: D301 - \b is click's
    set_line(state, SetLineCall(metered=switch == "on"), as_json=as_json)


@line.command("lower", short_help="Take lessons that come too late in a lower rendition.")
@click.argument("switch", type=click.Choice(["on", "off"]))
@state_option
@json_option
def lower(switch: str, state: str | None, as_json: bool) -> None:
    """Take a lesson that would come too late in a lower rendition than was assigned.

    \b
    Example:
      packhorse node line lower on
    """  # noqa: D301 - \b is click's
    set_line(state, SetLineCall(lower=switch == "on"), as_json=as_json)


@line.command("quiet", short_help="Name channels whose classes need the line themselves.")
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@state_option
@json_option
def quiet(channels: tuple[str, ...], state: str | None, as_json: bool) -> None:
    """Let nothing travel during the lessons of these channels of the timetable: they need the
    line themselves. Without any, no class does. One may be named before its timetable is here.

    \b
    Example:
      packhorse node line quiet g5 g6
    """  # noqa: D301, D205 - \b is click's
    for one in channels:
        check_channel_id(one)
    set_line(state, SetLineCall(quiet=tuple(dict.fromkeys(channels))), as_json=as_json)
    tell_unknown(state, channels)
