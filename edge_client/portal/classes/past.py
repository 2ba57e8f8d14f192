"""Classes that are over, for pupils who were absent: where the class stopped, and why.

They name nobody: neither the teacher, nor who was there.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from cache import journal_classes
from cache.databases import DamagedError
from cache.journal_classes import KeptClass
from core.digest import Digest
from core.errors import UnavailableError
from edge_client.portal.classes.class_pages import clock_text, title_of
from edge_client.portal.pages import show
from edge_client.portal.posting import seal
from edge_client.portal.site import SITE

T = TypeVar("T")
MOST_SHOWN: Final = 100
# Before that, no clock was right.
_PLAUSIBLE_YEAR: Final = 2024


class PastStop(msgspec.Struct, frozen=True):
    """A cue of a class that is over; ``at`` in milliseconds."""

    at: int
    time: str
    kind: str
    title: str
    is_reached: bool


async def past(request: web.Request) -> web.Response:
    """List the classes that are over, latest first."""
    kept = await _ask(request, lambda journal: journal_classes.past(journal, MOST_SHOWN))
    rows = [(one.name, title_of(request, one.lesson), day_of(request, one.at)) for one in kept]
    return await show(request, "class/past.html", rows=rows)


async def one_past(request: web.Request) -> web.Response:
    """Show a class that is over: its lesson, and what of it was reached.

    Raises:
        HTTPNotFound: there is none, or it was forgotten by now.
    """
    name = request.match_info["name"]
    kept = await _ask(request, lambda journal: journal_classes.one_past(journal, name))
    if kept is None:
        raise web.HTTPNotFound
    lesson, reached = kept.lesson, set(kept.session.reached)
    sealed = seal(request)
    response = await show(
        request,
        "class/one_past.html",
        lesson=lesson,
        title=title_of(request, lesson),
        day=day_of(request, kept.at),
        stops=[
            PastStop(cue.at, clock_text(cue.at), cue.kind, cue.title, index in reached)
            for index, cue in enumerate(lesson.cues)
        ],
        furthest=clock_text(kept.session.furthest),
        is_here=await _is_here(request, kept),
        session=sealed.session,
        token=sealed.token,
    )
    sealed.set_on(response)
    return response


def day_of(request: web.Request, at: float) -> str:
    """Give the school's day and minute, or nothing when school time was not sure then."""
    local = request.app[SITE].time.here(datetime.fromtimestamp(at, UTC))
    return f"{local:%Y-%m-%d %H:%M}" if local.year >= _PLAUSIBLE_YEAR else ""


async def _is_here(request: web.Request, kept: KeptClass) -> bool:
    """Say whether the file that this page plays, the first of them, is served still."""
    try:
        for digest in kept.lesson.digests[:1]:
            return await request.app[SITE].lessons.served_type(Digest(digest)) is not None
    except UnavailableError:
        return False
    return True


async def _ask(request: web.Request, question: Callable[[Path], T]) -> T:
    journal = request.app[SITE].usage.path
    try:
        return await asyncio.to_thread(question, journal)
    except DamagedError as error:
        raise UnavailableError("The journal is being repaired.") from error
