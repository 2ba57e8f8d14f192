"""What the agent needs of a node, and commands that look at one: settings, clocks, planner."""

from dataclasses import dataclass

from cache.clock import Clock
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.errors import NoStateError
from edge_client import config
from edge_client.planned import Planned


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of one node.

    Attributes:
        settings: how it is configured.
        clock: the machine's clocks.
        school: the school's clock.
        planned: plans from its files.
    """

    settings: config.NodeConfig
    clock: Clock
    school: SchoolClock
    planned: Planned


def parts_of(where: StateDirectory) -> Parts:
    """Look at a node.

    Raises:
        NoStateError: there is none.
        UsageError: its configuration cannot be used.
    """
    if not where.root.is_dir():
        raise NoStateError(
            "There is no node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(where.root),
        )
    return put_together(where, config.load(where.root), Clock())


def put_together(where: StateDirectory, settings: config.NodeConfig, clock: Clock) -> Parts:
    """Put a node's parts together.

    Args:
        where: its state directory.
        settings: how it is configured.
        clock: the machine's clocks.

    Raises:
        UsageError: the configuration names a time zone that is not there.
    """
    school = SchoolClock(where, clock, zone=settings.time_zone)
    planned = Planned(where, clock, school, disk_floor=settings.disk_floor, cap=settings.line_rate)
    return Parts(settings, clock, school, planned)
