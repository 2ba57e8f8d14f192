"""What a simulated node keeps about its line: settings, ledger and estimate. All durable."""

from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from core.line import ledger as ledgers
from core.line.estimate import Estimate
from core.line.estimator import with_contact, with_rate
from core.line.ledger import Ledger
from tests.simulation.scenario import Scenario, local

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.line.settings import LineSettings

_LEAST_SECONDS: Final = 5.0


class Books:
    """Settings, ledger and estimate.

    Args:
        scenario: what is set at the beginning.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.settings: LineSettings = scenario.settings
        self.ledger = Ledger(
            month=ledgers.month_of(
                local(scenario.start).date(), scenario.settings.budget_day
            ).isoformat(),
            used=scenario.used_before,
        )
        self.estimate = Estimate()
        self._contact: tuple[float, bool] | None = None
        self.checks: list[Callable[[Ledger], None]] = []

    def change(self, changes: tuple[tuple[str, object], ...]) -> None:
        """Let a technician set something."""
        self.settings = msgspec.structs.replace(self.settings, **dict(changes))

    def turn_month(self, today: date | None, budget_day: int) -> Ledger:
        """Begin a new month if it is one."""
        return self._keep(ledgers.turned(self.ledger, today, budget_day))

    def reserve_bytes(self, count: int) -> Ledger:
        """Count bytes before they are asked for."""
        return self._keep(ledgers.reserve(self.ledger, count))

    def settle_bytes(self, reserved: int, used: int) -> Ledger:
        """Count what has travelled."""
        return self._keep(ledgers.settle(self.ledger, reserved, used))

    def came(self, seconds: float, count: float, share: float) -> None:
        """Learn from a stretch of transfer; a part of the line says how much it is at least."""
        if seconds >= _LEAST_SECONDS:
            rate = count / seconds
            self.estimate = with_rate(self.estimate, rate, held_back=share < 1)

    def tried(self, now: float, *, is_up: bool) -> None:
        """Learn from whether the hub was reached."""
        if self._contact is not None:
            then, was_up = self._contact
            self.estimate = with_contact(self.estimate, now - then, was_up=was_up, is_up=is_up)
        self._contact = now, is_up

    def _keep(self, ledger: Ledger) -> Ledger:
        self.ledger = ledger
        for check in self.checks:
            check(ledger)
        return ledger
