"""The pages: home, pack, item; in the reader's language, without a script where possible."""

import re
from datetime import UTC, datetime
from typing import Final

from aiohttp import hdrs, web

from cache.catalogue_reader import CatalogueItem, CataloguePack
from core.display import one_line
from core.languages import Language
from core.manifest import best_title
from core.trusted_time import parse_moment
from core.withdrawal import Withdrawal
from edge_client.portal.errors import language_of
from edge_client.portal.languages import COOKIE as LANGUAGE_COOKIE
from edge_client.portal.listing import Neighbours, card, group_packs, neighbours
from edge_client.portal.media import content_url, download_url, media_url
from edge_client.portal.places import places
from edge_client.portal.posting import seal
from edge_client.portal.prospects import arrival_words
from edge_client.portal.qualities import showing, subtitles_stem
from edge_client.portal.security import content_origin
from edge_client.portal.site import SITE
from edge_client.portal.teaching.beside import beside
from edge_client.portal.teaching_forms import NAMES, forms_of
from edge_client.portal.tracks import tracks

ITEMS_PER_PAGE: Final = 200
_YEAR_SECONDS: Final = 365 * 24 * 3600
# Before that, no clock was right: the first Raspberry Pi left the factory.
_PLAUSIBLE_YEAR: Final = 2012
_OWN_PATH: Final = re.compile(r"/(?![/\\])[^\x00-\x20\\]*\Z")
_PAGE_NUMBER: Final = re.compile(r"[1-9]\d{0,3}\Z")


async def home(request: web.Request) -> web.Response:
    """Show all packs."""
    language = language_of(request)
    packs = await request.app[SITE].lessons.packs()
    return await show(
        request, "home.html", groups=group_packs(packs, language.code), forms=forms_of(packs)
    )


async def pack(request: web.Request) -> web.Response:
    """Show the items of one pack."""
    lessons = request.app[SITE].lessons
    found = await lessons.pack(pack_id(request))
    if found is None:
        raise web.HTTPNotFound
    pages = max(1, -(-found.items // ITEMS_PER_PAGE))
    number = _page_number(request.query.get("page", "1"), pages)
    first = (number - 1) * ITEMS_PER_PAGE
    return await show(
        request,
        "pack.html",
        form=NAMES.get(found.form, ""),
        card=card(found, best_title(dict(found.title), language_of(request).code, found.id)),
        items=[
            (
                item,
                best_title(dict(item.title), language_of(request).code, item.id),
                past(request, found.valid_until, item.valid_until),
                item.withdrawal and since(item.withdrawal),
            )
            for item in await lessons.items(found.id, first, ITEMS_PER_PAGE)
        ],
        first=first,
        number=number,
        pages=pages,
        **_withdrawn(found.withdrawal),
    )


async def item(request: web.Request) -> web.Response:
    """Show one item, or say why it cannot be shown."""
    site = request.app[SITE]
    language = language_of(request)
    found = await site.lessons.pack(pack_id(request))
    name = request.match_info["item"]
    around = neighbours(await site.lessons.around(pack_id(request), name), name)
    if found is None or around is None:
        raise web.HTTPNotFound
    here = around.item
    sealed = seal(request)
    template, more = await _stage(request, found, here)
    response = await show(
        request,
        template,
        pack=found,
        pack_title=best_title(dict(found.title), language.code, found.id),
        item=here,
        title=best_title(dict(here.title), language.code, here.id),
        seal=sealed,
        beside=await beside(request, here),
        **more,
        **_links(around, language),
    )
    sealed.set_on(response)
    return response


async def _stage(
    request: web.Request, pack: CataloguePack, item: CatalogueItem
) -> tuple[str, dict[str, object]]:
    """Choose the template that shows an item, and give what it needs."""
    lessons = request.app[SITE].lessons
    if item.withdrawal is not None:
        return "withdrawn.html", _withdrawn(item.withdrawal)
    file = await lessons.file(pack.id, item.id, item.entry)
    if file is None or item.version is None:
        words = arrival_words(request.app[SITE], language_of(request), pack.id, item.id)
        return "not_here.html", {"arrival": words}
    ended = past(request, pack.valid_until, item.valid_until)
    if ended:
        return "past.html", {"ended": ended}
    files = await lessons.files(pack.id, item.id) if item.kind == "video" else []
    wish = request.query.get("rendition", "")
    how = showing(await lessons.renditions(pack.id, item.id), wish)
    if how is not None:
        file = next((one for one in files if one.path == how.rendition.path), file)
    stem = subtitles_stem(how.rendition) if how else ""
    return "item.html", {
        "file": file,
        "media": media_url(file),
        "content": content_url(content_origin(request), file),
        "download": download_url(file),
        "tracks": [(one, media_url(one.file)) for one in tracks(files, file, stem)],
        "showing": how,
    }


async def choose(request: web.Request) -> web.Response:
    """Remember the reader's language, and go back to the page.

    Raises:
        HTTPNotFound: there is no such language.
        HTTPSeeOther: always, otherwise.
    """
    code = request.match_info["code"]
    if code not in request.app[SITE].languages:
        raise web.HTTPNotFound
    back = own_path(request.query.get("back", "/"))
    response = web.HTTPSeeOther(back, headers={hdrs.CACHE_CONTROL: "no-store"})
    response.set_cookie(
        LANGUAGE_COOKIE, code, max_age=_YEAR_SECONDS, httponly=True, samesite="Strict"
    )
    raise response


async def health(request: web.Request) -> web.Response:
    """Say that the portal answers."""
    del request
    return web.json_response({"ok": True}, headers={hdrs.CACHE_CONTROL: "no-store"})


def own_path(text: str, otherwise: str = "/") -> str:
    """Give a path of this host to go back to; two slashes would name another to a browser."""
    return text if _OWN_PATH.match(text) else otherwise


def past(request: web.Request, *dates: str | None) -> str:
    """Give the last day on which something was valid if that is over, or nothing.

    A clock that nothing has set decides nothing: then all is valid.
    """
    last = min((date for date in dates if date), default="")
    clock = request.app[SITE].clock
    if not last or clock.wall().astimezone().date().isoformat() <= last:
        return ""
    return last if clock.synchronised() else ""


def since(withdrawal: Withdrawal) -> str:
    """Give the day of a withdrawal in the school's time."""
    moment = parse_moment(withdrawal.at)
    try:
        return moment.astimezone().date().isoformat()
    except OverflowError:
        # A publisher's clock at the end of time, which has no such day here.
        return moment.date().isoformat()


def pack_id(request: web.Request) -> str:
    """Give the pack id that a request's path names."""
    parts = request.match_info
    return f"{parts['nation']}/{parts['county']}/{parts['name']}"


async def show(request: web.Request, template: str, **values: object) -> web.Response:
    """Make a page in the reader's language."""
    site = request.app[SITE]
    language = language_of(request)
    text = site.renderer.render(
        language,
        template,
        path=request.path_qs,
        places=await places(request),
        updated=await _updated(request),
        **values,
    )
    response = web.Response(text=text, content_type="text/html")
    response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    response.headers[hdrs.CONTENT_LANGUAGE] = language.tag
    response.headers[hdrs.VARY] = f"{hdrs.ACCEPT_LANGUAGE}, {hdrs.COOKIE}, {hdrs.ACCEPT_ENCODING}"
    response.enable_compression()
    return response


async def _updated(request: web.Request) -> str:
    """Give the day and minute of the last change of lessons in the school's time, or nothing."""
    moment = await request.app[SITE].lessons.updated()
    if moment is None:
        return ""
    local = datetime.fromtimestamp(moment, UTC).astimezone()
    return f"{local:%Y-%m-%d %H:%M}" if local.year >= _PLAUSIBLE_YEAR else ""


def _withdrawn(withdrawal: Withdrawal | None) -> dict[str, object]:
    if withdrawal is None:
        return {"withdrawal": None}
    reason = one_line(withdrawal.reason)
    return {"withdrawal": withdrawal, "reason": reason, "since": since(withdrawal)}


def _links(around: Neighbours, language: Language) -> dict[str, object]:
    """Give the lessons before and after, each with its title."""
    return {
        name: one and (one, best_title(dict(one.title), language.code, one.id))
        for name, one in (("previous", around.previous), ("next", around.next))
    }


def _page_number(text: str, pages: int) -> int:
    if not _PAGE_NUMBER.match(text) or int(text) > pages:
        raise web.HTTPNotFound
    return int(text)
