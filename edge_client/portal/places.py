"""The portal's rooms, as every page links to them: only those that are of use at this school."""

from typing import Final, NamedTuple

from aiohttp import web

from edge_client.portal.errors import N_
from edge_client.portal.site import SITE


class Place(NamedTuple):
    """A room: its address, its English name, and whether the reader is in it."""

    address: str
    name: str
    is_here: bool


_LESSONS: Final = ("/packs", "/search", "/forms")


async def places(request: web.Request) -> list[Place]:
    """Give the rooms; none where there is only the one of the lessons."""
    site, path = request.app[SITE], request.path
    found = [Place("/", N_("Lessons"), path == "/" or path.startswith(_LESSONS))]
    if site.timetable.channels():
        found.append(Place("/air/", N_("Air classroom"), path.startswith("/air")))
    if await site.teachers.records():
        # Nobody else can start a class.
        found.append(Place("/class", N_("Join a class"), path.startswith("/class")))
        found.append(Place("/teacher", N_("Teachers"), path.startswith("/teacher")))
    return found if len(found) > 1 else []
