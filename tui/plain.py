"""What a terminal without a cursor gets: Today as plain lines, once."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Protocol

from core.control import Status
from tui.client import Absence
from tui.model import Model
from tui.texts import Language
from tui.views.sheet import Sheet, line
from tui.views.today import today
from tui.views.wrap import wrap

_WIDTH = 78


class Watched(Protocol):
    """What this needs of the agent."""

    def watch(self) -> AsyncIterator[Status | Absence]:
        """Give each new status, or why there is none, for ever."""


def is_plain(environment: Mapping[str, str]) -> bool:
    """Say whether the terminal can only print lines."""
    return environment.get("TERM", "") in {"", "dumb", "unknown"}


async def plain_lines(agent: Watched, language: Language) -> list[str]:
    """Ask the agent once, and put the answer into lines."""
    news: Status | Absence = "not running"
    async for one in agent.watch():
        news = one
        break
    model = Model(status=news) if isinstance(news, Status) else Model(absence=news)
    return list(_lines(today(model, language), language))


def _lines(sheet: Sheet, language: Language) -> Iterator[str]:
    yield from wrap(sheet.headline, _WIDTH)
    if sheet.detail:
        yield from wrap(sheet.detail, _WIDTH)
    for table in (one for one in (sheet.table, sheet.second) if one is not None):
        yield ""
        for row in table.rows:
            cells = line(table.columns, row.cells, _WIDTH)
            yield "".join(cell.text for cell in cells).rstrip()
    if sheet.progress is not None:
        yield sheet.progress.text
    if sheet.facts:
        yield ""
    yield from (f"{fact.label}: {fact.value}" for fact in sheet.facts)
    yield ""
    _ = language.gettext
    yield from wrap(
        _("This terminal cannot show screens; here is Today. Use another, or `packhorse node`."),
        _WIDTH,
    )
