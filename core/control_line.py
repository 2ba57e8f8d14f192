"""What the control socket's methods about plan and line take and give (``core.control_calls``).

plan           PlanCall      Plan           ``more`` counts actions left out
line                         LineReport
set_line       SetLineCall   LineSettings
open_line      OpenCall      LineSettings
pause                        LineSettings   nothing travels until ``resume``
resume                       LineSettings
"""

from typing import Annotated, Final

import msgspec

from core.line.estimate import Estimate
from core.line.ledger import Ledger
from core.line.settings import LineSettings, Week
from core.plan.model import Hold, Plan

MOST_TOLD: Final = 20
"""Actions of the plan in a status."""
MOST_GIVEN: Final = 1000
"""Actions of the plan in an answer."""
MOST_LESSONS: Final = 300
"""Lessons of the plan in a status or an answer."""
LONGEST_OPEN_MINUTES: Final = 7 * 24 * 60
_LOCAL: Final = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d)?\Z"
Local = Annotated[str, msgspec.Meta(pattern=_LOCAL)]
"""A minute as the school's clock shows it, ``2026-11-26T18:00``, or empty."""


class PlanCall(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for the plan, as it would be at another time if ``at`` names one."""

    at: Local = ""


class LineReport(msgspec.Struct, frozen=True, kw_only=True):
    """All about the line.

    Attributes:
        settings: what the technician has set.
        ledger: what has travelled in this month of the budget.
        estimate: what the line carries.
        renews: the day on which the budget begins anew, ``2026-12-01``; empty while the school's
            time is not sure.
        left: bytes of the budget that are left; None for any number.
        share: the share of the line that is free just now, 0 to 1.
        now: school time, or the best guess, seconds since 1970; 0 where there is not even one.
        hold: why nothing travels just now; empty when something does or could.
        until: when that ends by itself; None when it does not, or nobody knows.
    """

    settings: LineSettings = LineSettings()
    ledger: Ledger = Ledger()
    estimate: Estimate = Estimate()
    renews: str = ""
    left: int | None = None
    share: float = 1.0
    now: float = 0.0
    hold: Hold = ""
    until: float | None = None


class SetLineCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to set; what is not given stays. ``budget`` of null is no limit."""

    week: Week | msgspec.UnsetType = msgspec.UNSET
    budget: Annotated[int, msgspec.Meta(ge=0, le=10**15)] | msgspec.UnsetType | None = msgspec.UNSET
    budget_day: Annotated[int, msgspec.Meta(ge=1, le=28)] | msgspec.UnsetType = msgspec.UNSET
    metered: bool | msgspec.UnsetType = msgspec.UNSET
    lower: bool | msgspec.UnsetType = msgspec.UNSET
    quiet: (
        Annotated[
            tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(max_length=100)
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class OpenCall(msgspec.Struct, frozen=True, kw_only=True):
    """Open the line whatever the hour; without either field, close it to its hours again.

    Attributes:
        until: until then.
        minutes: for so long, where ``until`` is empty.
    """

    until: Local = ""
    minutes: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_OPEN_MINUTES)] = 0


def bounded(plan: Plan, most: int) -> Plan:
    """Leave actions and lessons out that would make a message too long."""
    left_out = max(0, len(plan.actions) - most)
    return msgspec.structs.replace(
        plan,
        actions=plan.actions[:most],
        lessons=plan.lessons[:MOST_LESSONS],
        more=plan.more + left_out,
    )
