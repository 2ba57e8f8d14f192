"""What stands beside a lesson on its page: the school's own files, and what a teacher can do."""

from dataclasses import dataclass

from aiohttp import web

from cache.catalogue_reader import CatalogueItem
from cache.journal_own import OwnFile
from cache.journal_wishes import Wish
from core.own_kinds import opens_in_place
from edge_client.portal.errors import language_of
from edge_client.portal.site import SITE, Site
from edge_client.portal.teachers import COOKIE
from edge_client.portal.teaching.words import fetch_words


@dataclass(frozen=True, slots=True)
class Beside:
    """One lesson's.

    Attributes:
        teacher: who is signed in on this device, or None.
        own: the school's files, each with whether it opens in place.
        wish: a teacher's wish for it, or None.
        fetch: for a lesson that is not here, what can be wished: by which minute, and the
            button's words; an empty text for as soon as possible.
    """

    teacher: str | None
    own: list[tuple[OwnFile, bool]]
    wish: Wish | None
    fetch: list[tuple[str, str]]


async def beside(request: web.Request, item: CatalogueItem) -> Beside:
    """Look what stands beside a lesson."""
    site, language = request.app[SITE], language_of(request)
    own = [(one, opens_in_place(one.name)) for one in site.own.of(item.pack, item.id)]
    fetch = []
    if not item.is_served and item.withdrawal is None:
        fetch = [("", language.texts.gettext("Fetch as soon as possible"))]
        now = site.time.minute()
        start = None if now is None else _next(site, item, now)
        if now is not None and start is not None:
            day, today = site.time.at(start).date(), site.time.at(now).date()
            fetch.insert(0, (str(start), fetch_words(language, day, today)))
    return Beside(
        teacher=await site.teachers.of(request.cookies.get(COOKIE)),
        own=own,
        wish=None if item.is_served else site.wishes.of(item.pack, item.id),
        fetch=fetch,
    )


def _next(site: Site, item: CatalogueItem, now: int) -> int | None:
    """Give when a lesson takes place next."""
    starts = (
        one.slot.start
        for channel in site.timetable.channels()
        for one in site.timetable.placed(channel.id)
        if one.slot.start > now and (one.slot.pack, one.slot.item) == (item.pack, item.id)
    )
    return min(starts, default=None)
