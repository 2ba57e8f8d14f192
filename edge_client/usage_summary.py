"""What was used lately, of the statements that are still in the journal.

Standard library, msgspec and the cache's readers only, as in ``readings``.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cache.agent_reader import AgentReader
from cache.catalogue_reader import CatalogueReader
from cache.clock import Clock
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.control_calls import UsageDay, UsagePack, UsageReport
from core.errors import PackhorseError, RefusedError
from core.school_time import SchoolTime
from core.usage import Recorded, decode_record
from edge_client.readings import age

MOST_PACKS: Final = 100
_MOST_STATEMENTS: Final = 200_000
_ENDS: Final = {"paused", "terminated"}
_MINUTE: Final = 60_000
# Longer than any lesson: a player's number that cannot be true.
_LONGEST_STRETCH: Final = 4 * 60 * _MINUTE
# The last moment that a date can be made of, in milliseconds.
_LATEST: Final = 253_402_000_000_000
_DAY: Final = 86_400.0


class _Sums:
    """What was opened, milliseconds played and classes held, by a name."""

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.played: Counter[str] = Counter()
        self.taught: Counter[str] = Counter()

    def add(self, name: str, statement: Recorded) -> None:
        if statement.verb == "opened":
            self.opened[name] += 1
        if statement.verb == "taught":
            self.taught[name] += 1
        self.played[name] += played(statement)

    def minutes(self, name: str) -> int:
        return round(self.played[name] / _MINUTE)


def summarise(
    state: StateDirectory,
    clock: Clock,
    now: SchoolTime,
    here: Callable[[datetime], datetime],
    *,
    days: int,
) -> UsageReport:
    """Sum up the last days.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        now: school time; the machine's where it is not known.
        here: puts a moment into the school's time zone.
        days: how many days, today included.

    Raises:
        PackhorseError: the journal or the catalogue cannot be read.
    """
    today = now.moment or clock.wall()
    dates = [_date(here(today - timedelta(days=back))) for back in range(days)]
    by_day, by_pack = _Sums(), _Sums()
    journal, agent = JournalReader(state.journal), AgentReader(state.agent)
    # A day more at the far end, since that day began some hours earlier than now.
    since = today.timestamp() - days * _DAY
    for statement in _statements(journal, since):
        day = _date(here(datetime.fromtimestamp(statement.at / 1000, UTC)))
        if day in dates:
            by_day.add(day, statement)
            by_pack.add(statement.pack, statement)
    backlog = journal.backlog(agent.acknowledged())
    first = journal.first()
    return UsageReport(
        days=[
            UsageDay(
                day=day,
                opened=by_day.opened[day],
                minutes=by_day.minutes(day),
                taught=by_day.taught[day],
            )
            for day in dates
        ],
        packs=_packs(by_pack, _titles(state)),
        waiting=backlog.count,
        oldest=age(clock, backlog.oldest),
        refused=agent.refused_count(),
        since="" if first is None else _date(here(datetime.fromtimestamp(first, UTC))),
    )


def played(statement: Recorded) -> int:
    """Give the milliseconds of a medium that a statement says were played."""
    if statement.verb not in _ENDS or statement.start < 0:
        return 0
    return max(0, min(statement.position - statement.start, _LONGEST_STRETCH))


def _statements(journal: JournalReader, since: float) -> Iterator[Recorded]:
    for record in journal.newest(since, _MOST_STATEMENTS):
        try:
            statement = decode_record(record)
        except RefusedError:
            continue  # of a newer release; the uploader tells of it
        if statement.at <= _LATEST:
            yield statement


def _packs(sums: _Sums, titles: dict[str, dict[str, str]]) -> list[UsagePack]:
    """Give the packs that were used most."""
    used = sorted(
        sums.opened.keys()
        | sums.taught.keys()
        | {pack for pack, time in sums.played.items() if time},
        key=lambda pack: (-sums.opened[pack] - sums.taught[pack], -sums.played[pack], pack),
    )
    return [
        UsagePack(
            pack=pack,
            title=titles.get(pack, {}),
            opened=sums.opened[pack],
            minutes=sums.minutes(pack),
            taught=sums.taught[pack],
        )
        for pack in used[:MOST_PACKS]
    ]


def _titles(state: StateDirectory) -> dict[str, dict[str, str]]:
    try:
        return {pack.id: dict(pack.title) for pack in CatalogueReader(state.catalogue).packs()}
    except PackhorseError:
        return {}


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
