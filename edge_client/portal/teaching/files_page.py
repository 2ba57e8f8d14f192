"""``/teacher/files``: a school's own files of a lesson, added and taken away by teachers."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from cache.journal_own import OwnFile
from core.display import one_line
from core.errors import ExhaustedError, PackhorseError, UsageError
from core.manifest import best_title
from core.own_kinds import EXTENSIONS, clean_name, clean_title
from edge_client.portal.errors import N_, language_of
from edge_client.portal.own_shelf import MOST_BYTES, MOST_BYTES_IN_ALL, MOST_FILES
from edge_client.portal.pages import show
from edge_client.portal.posting import read_form, seal
from edge_client.portal.sign_in import signed_in
from edge_client.portal.site import SITE
from edge_client.portal.teaching.uploading import UploadForm, read_upload
from edge_client.portal.teaching.words import say

PAGE: Final = "/teacher/files"


async def page(request: web.Request) -> web.Response:
    """Show the files of one lesson, or of all."""
    await signed_in(request)
    pack, item = request.query.get("pack", ""), request.query.get("item", "")
    return await _show(request, pack, item)


async def add(request: web.Request) -> web.Response:
    """Add a file to a lesson.

    Raises:
        HTTPNotFound: there is no such lesson.
        HTTPSeeOther: it is added.
    """
    teacher = await signed_in(request)
    form = await read_upload(request)
    site = request.app[SITE]
    pack, item = form.fields.get("pack", ""), form.fields.get("item", "")
    if await site.lessons.item(pack, item) is None:
        raise web.HTTPNotFound
    try:
        draft = _draft(form, teacher, site.clock.wall().timestamp())
        await site.own.add(draft, form.chunks())
    except (UsageError, ExhaustedError) as error:
        status = 413 if isinstance(error, ExhaustedError) else 422
        return await _show(request, pack, item, status=status, fault=error)
    raise _back(pack, item)


def _draft(form: UploadForm, teacher: str, at: float) -> OwnFile:
    """Make the row of a file that is about to be received.

    Raises:
        UsageError: there is none, or of a kind that is not taken.
    """
    if not form.name:
        raise UsageError(N_("Choose a file first."))
    name = clean_name(form.name)
    if not name:
        raise UsageError(
            N_("Files of this kind are not taken."),
            hint=N_("Save it as PDF, picture, Office document, sound or video."),
        )
    return OwnFile(
        id="0" * 32,
        pack=form.fields["pack"],
        item=form.fields["item"],
        title=clean_title(form.fields.get("title", ""), name),
        name=name,
        size=0,
        digest="0" * 64,
        teacher=teacher,
        at=at,
    )


async def remove(request: web.Request) -> web.Response:
    """Take a file away, or put it back.

    Raises:
        HTTPSeeOther: always.
    """
    form = await read_form(request)
    await signed_in(request)
    own = request.app[SITE].own
    change = own.put_back if form.get("undo") else own.take_away
    await change(form.get("id", ""))
    raise _back(form.get("pack", ""), form.get("item", ""))


async def _show(
    request: web.Request,
    pack: str,
    item: str,
    *,
    status: int = 200,
    fault: PackhorseError | None = None,
) -> web.Response:
    site, language = request.app[SITE], language_of(request)
    found = await site.lessons.item(pack, item) if pack else None
    if pack and found is None:
        raise web.HTTPNotFound
    files = [one for one in site.own.all() if not pack or (one.pack, one.item) == (pack, item)]
    lessons = {}
    for key in {(one.pack, one.item) for one in files}:
        there = await site.lessons.item(*key)
        title = best_title(dict(there.title), language.code, key[1]) if there else key[1]
        lessons[key] = one_line(title)
    sealed = seal(request)
    response = await show(
        request,
        "teacher_files.html",
        pack=pack,
        item=item,
        title=one_line(best_title(dict(found.title), language.code, item)) if found else "",
        files=files,
        lessons=lessons,
        extensions=",".join(f".{one}" for one in sorted(EXTENSIONS)),
        most=MOST_BYTES,
        most_in_all=MOST_BYTES_IN_ALL,
        most_files=MOST_FILES,
        used=site.own.used,
        count=sum(one.removed is None for one in site.own.all()),
        fault=say(language, fault) if fault else "",
        seal=sealed,
    )
    response.set_status(status)
    sealed.set_on(response)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _back(pack: str, item: str) -> web.HTTPSeeOther:
    query = urlencode({"pack": pack, "item": item}) if pack else ""
    return web.HTTPSeeOther(
        f"{PAGE}?{query}" if query else PAGE, headers={hdrs.CACHE_CONTROL: "no-store"}
    )
