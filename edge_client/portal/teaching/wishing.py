"""Wishes: a lesson is wanted here before all others, and by when."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from cache.journal_wishes import Wish
from core.errors import RefusedError
from core.names import PackId, parse_pack_id
from core.timetable import LATEST_MINUTE
from edge_client.portal.pages import own_path
from edge_client.portal.posting import read_form
from edge_client.portal.sign_in import HOME, signed_in
from edge_client.portal.site import SITE, Site
from edge_client.portal.teaching.presence import presence

_LONGEST_ITEM: Final = 100


async def wish(request: web.Request) -> web.Response:
    """Keep a wish, and go back.

    Raises:
        HTTPNotFound: there is no such item, neither here nor in the timetable.
        HTTPSeeOther: otherwise.
    """
    form = await read_form(request)
    teacher = await signed_in(request)
    site = request.app[SITE]
    pack, item = form.get("pack", ""), form.get("item", "")
    if not await _is_known(site, pack, item):
        raise web.HTTPNotFound
    found = await presence(site, pack, item)
    back = own_path(form.get("back", HOME), HOME)
    if found.can_be_wished:
        one = Wish(
            pack=PackId(pack),
            item=item,
            wanted_by=_minute(form.get("by", "")),
            teacher=teacher,
            at=site.clock.wall().timestamp(),
        )
        await _drop_done(site)
        if not await site.wishes.keep(one):
            back = f"{HOME}?{urlencode({'full': 1})}"
    raise web.HTTPSeeOther(back, headers={hdrs.CACHE_CONTROL: "no-store"})


async def unwish(request: web.Request) -> web.Response:
    """Remove a wish, and go back.

    Raises:
        HTTPSeeOther: always.
    """
    form = await read_form(request)
    await signed_in(request)
    await request.app[SITE].wishes.drop((form.get("pack", ""), form.get("item", "")))
    back = own_path(form.get("back", HOME), HOME)
    raise web.HTTPSeeOther(back, headers={hdrs.CACHE_CONTROL: "no-store"})


async def _is_known(site: Site, pack: str, item: str) -> bool:
    """Say whether the catalogue or the timetable names an item: nothing else can be wished."""
    try:
        parse_pack_id(pack)
    except RefusedError:
        return False
    if len(item) > _LONGEST_ITEM:
        return False
    if await site.lessons.item(pack, item) is not None:
        return True
    return any(
        (slot.pack, slot.item) == (pack, item)
        for channel in site.timetable.channels()
        for slot in channel.slots
    )


async def _drop_done(site: Site) -> None:
    """Remove the wishes whose items are here; nobody needs them any more."""
    done = [
        (one.pack, one.item)
        for one in site.wishes.all()
        if not (await presence(site, one.pack, one.item)).can_be_wished
    ]
    if done:
        await site.wishes.drop(*done)


def _minute(text: str) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(LATEST_MINUTE)):
        return None
    return int(text) if int(text) <= LATEST_MINUTE else None
