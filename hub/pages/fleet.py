"""The page of all schools, its CSV file, and the page of one."""

from collections import Counter
from typing import Final

from aiohttp import hdrs, web

from core.fleet_warnings import KINDS
from core.node_report import NodeReport
from hub.fleet import FleetEntry
from hub.pages import usage
from hub.pages.chart import HEIGHT, WIDTH
from hub.pages.csv_file import csv_file
from hub.pages.lessons import days_ahead
from hub.pages.look import Fleet
from hub.pages.selection import ANY, COLUMNS, NONE, PER_PAGE, read_selection, select
from hub.pages.site import LOOK, SITE, language_of, page
from hub.pages.work import in_thread
from hub.registry.node_reports import newest_report

# The greatest first where that is what one looks for.
_DOWN_FIRST: Final = frozenset({"contact", "evening", "backlog", "clock"})


async def show_fleet(request: web.Request) -> web.Response:
    """Show the schools that were asked for."""
    fleet, wanted = await request.app[LOOK].fleet(), read_selection(request.query)
    chosen = await in_thread(lambda: select(fleet.entries, wanted))
    pages = max(1, -(-len(chosen) // PER_PAGE))
    wanted = wanted._replace(page=min(wanted.page, pages))
    first = (wanted.page - 1) * PER_PAGE
    return page(
        request,
        "fleet.html",
        fleet=fleet,
        wanted=wanted,
        chosen=len(chosen),
        first=first,
        shown=chosen[first : first + PER_PAGE],
        pages=pages,
        columns=tuple(COLUMNS),
        down_first=_DOWN_FIRST,
        kinds=_kinds(fleet),
        any=ANY,
        none=NONE,
        totals=_totals(fleet),
    )


async def download(request: web.Request) -> web.Response:
    """Give the schools that were asked for as a CSV file."""
    fleet, wanted = await request.app[LOOK].fleet(), read_selection(request.query)
    texts = language_of(request).texts
    body = await in_thread(lambda: csv_file(texts, select(fleet.entries, wanted)))
    response = web.Response(body=body, content_type="text/csv", charset="utf-8")
    name = f"schools-{fleet.now:%Y-%m-%d}.csv"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    response.enable_compression()
    return response


async def show_school(request: web.Request) -> web.Response:
    """Show one school.

    Raises:
        HTTPNotFound: there is none of this id.
    """
    fleet, school = await request.app[LOOK].fleet(), request.query.get("id", "")
    entries = [one for one in fleet.entries if one.school == school]
    if not entries:
        raise web.HTTPNotFound
    found = await in_thread(lambda: [(one, _report(request, one)) for one in entries])
    language = language_of(request)
    shown = [
        (
            one,
            sorted(report.packs, key=lambda pack: pack.pack) if report else [],
            days_ahead(language, report, fleet.now) if report else [],
        )
        for one, report in found
    ]
    nodes = [one.node for one in entries if one.node]
    view = await in_thread(lambda: usage.look(request, fleet, usage.PERIODS[0], nodes))
    return page(
        request,
        "school.html",
        fleet=fleet,
        school=entries[0],
        nodes=shown,
        view=view,
        period=usage.PERIODS[0],
        width=WIDTH,
        height=HEIGHT,
    )


def _report(request: web.Request, entry: FleetEntry) -> NodeReport | None:
    """Give what a node last said of itself."""
    registry = request.app[SITE].service.registry
    stored = newest_report(registry, entry.node) if entry.node else None
    return stored.report if stored else None


def _kinds(fleet: Fleet) -> list[tuple[str, int]]:
    """Give the kinds of warnings that there are, with how many schools have each."""
    counts = Counter(kind for one in fleet.entries for kind in {warn.kind for warn in one.warnings})
    return [(kind, counts[kind]) for kind in KINDS if counts[kind]]


def _totals(fleet: Fleet) -> dict[str, int]:
    levels = Counter(one.level or NONE for one in fleet.entries)
    return {
        "schools": len({one.school for one in fleet.entries}),
        "nodes": sum(1 for one in fleet.entries if one.node),
        "unready": sum(1 for one in fleet.entries if _is_unready(one)),
        **{level: levels[level] for level in ("urgent", "warning", "note", NONE)},
    }


def _is_unready(entry: FleetEntry) -> bool:
    evening = entry.reported.evening if entry.reported else None
    return evening is not None and evening.ready < evening.count
