"""Why nothing may travel just now, said to a person."""

from collections.abc import Callable
from datetime import date, datetime

from core.errors import ExhaustedError
from core.plan.model import Hold


class HeldError(ExhaustedError):
    """What the technician has set does not let anything travel now.

    Attributes:
        hold: why.
        until: when that ends by itself, seconds since 1970; None when it does not, or nobody
            knows.
    """

    def __init__(
        self,
        template: str,
        *,
        hint: str = "",
        hold: Hold = "",
        until: float | None = None,
        **fields: object,
    ) -> None:
        super().__init__(template, hint=hint, **fields)
        self.hold = hold
        self.until = until

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling."""
        told = (self.template, self.hint_template, self.hold, self.until)
        return _rebuild, (told, self.fields)


def _rebuild(told: tuple[str, str, Hold, float | None], fields: dict[str, object]) -> HeldError:
    template, hint, hold, until = told
    error = HeldError(template, hint=hint, hold=hold, until=until)
    error.fields = fields
    return error


def held(
    hold: Hold,
    until: float | None,
    local: Callable[[float], datetime],
    today: date | None = None,
) -> HeldError:
    """Make the error that says why nothing may travel.

    Args:
        hold: why.
        until: when that ends by itself, seconds since 1970; None for not, or nobody knows.
        local: puts a moment into the school's time zone.
        today: the school's date, so that another day is told; None when it is not sure.
    """
    if hold == "paused":
        return HeldError(
            "The line is paused.",
            hint="It goes on with `packhorse node line resume`.",
            hold=hold,
        )
    if hold == "never":
        return HeldError(
            "No hour of the week allows anything by line.",
            hint="Change the hours with `packhorse node line hours`.",
            hold=hold,
        )
    if hold == "budget":
        return HeldError(
            "This month's budget of the line is used up.",
            hint="It goes on with the next month, or a larger one: `packhorse node line budget`.",
            hold=hold,
            until=until,
        )
    time = "" if until is None else _time(local(until), today)
    if hold == "class":
        return HeldError(
            "A class needs the line until {time}.",
            hint="It goes on by itself then.",
            hold=hold,
            until=until,
            time=time,
        )
    return HeldError(
        "The hours of the line allow nothing before {time}.",
        hint="It goes on by itself then; `packhorse node line open` opens the line before.",
        hold=hold,
        until=until,
        time=time,
    )


def _time(moment: datetime, today: date | None) -> str:
    is_other_day = today is not None and moment.date() != today
    return moment.strftime("%Y-%m-%d %H:%M" if is_other_day else "%H:%M")
