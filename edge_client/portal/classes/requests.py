"""``POST /class/start`` and ``/class/<code>.json``: beginning a class, and what it plays."""

from typing import Final

from aiohttp import hdrs, web

from core.class_lesson import ClassLesson, Medium
from core.errors import ExhaustedError, PackhorseError, UsageError
from core.manifest import best_title
from edge_client.portal.classes.admission import NotAdmittedError, admitted
from edge_client.portal.classes.lesson import class_lesson
from edge_client.portal.classes.words import SIGN_IN, say
from edge_client.portal.errors import language_of, refusal
from edge_client.portal.posting import read_form
from edge_client.portal.sign_in import signed_in
from edge_client.portal.site import SITE, Site

_MOST_CHARACTERS: Final = 200
_CONFLICT: Final = web.HTTPConflict.status_code


async def start(request: web.Request) -> web.Response:
    """Begin a class with ``pack`` and ``item``, and go to the page that leads it.

    Raises:
        HTTPForbidden: it does not come from a page of ours.
        HTTPNotFound: the item is not here.
        HTTPSeeOther: it has begun, or somebody has to sign in first.
    """
    site = request.app[SITE]
    form = await read_form(request)
    teacher = await signed_in(request)
    pack, item = (form.get(name, "")[:_MOST_CHARACTERS] for name in ("pack", "item"))
    try:
        lesson = await class_lesson(site.lessons, pack, item)
        if lesson is None:
            raise web.HTTPNotFound
        await site.classes.ready()
        one = site.classes.start(lesson, teacher, _school_moment(site))
    except (UsageError, ExhaustedError) as error:
        return _refused(request, error)
    # Whoever began a class gets to its desk, whatever others guess.
    site.classes.guesses.was_right(request.remote or "", one.code)
    await site.classes.keeping.saved()
    raise web.HTTPSeeOther(f"/class/lead/{one.code}", headers={hdrs.CACHE_CONTROL: "no-store"})


def _school_moment(site: Site) -> float:
    now = site.time.now()
    return now.moment.timestamp() if now.is_known and now.moment is not None else 0.0


async def description(request: web.Request) -> web.Response:
    """Say what a class plays, for the scripts of its pages; the guides to teachers alone."""
    site, language = request.app[SITE], language_of(request)
    role = request.query.get("as", "pupil")
    if role == "lead" and await site.classes.teacher_of(request) is None:
        return refusal(403, language.texts.gettext(SIGN_IN))
    try:
        one = await admitted(request, request.match_info["code"])
    except NotAdmittedError as error:
        return refusal(error.status, language.texts.gettext(error.text))
    body = _described(one.lesson, role, language.code)
    return web.json_response(body, headers={hdrs.CACHE_CONTROL: "no-store"})


def _refused(request: web.Request, error: PackhorseError) -> web.Response:
    """Make the page that says why no class begins."""
    language = language_of(request)
    text = request.app[SITE].renderer.render(
        language,
        "message.html",
        path=request.path_qs,
        title=say(language.texts, error),
        advice="",
        status=_CONFLICT,
    )
    return web.Response(text=text, content_type="text/html", status=_CONFLICT)


def _described(lesson: ClassLesson, role: str, language: str) -> dict[str, object]:
    medium = lesson.pupil if role == "pupil" else lesson.screen
    return {
        "title": best_title(lesson.title, language, lesson.item),
        "language": lesson.language,
        "length": lesson.length,
        **_medium(medium),
        "subtitles": [
            {"url": one.url, "tag": one.tag, "label": one.label} for one in lesson.subtitles
        ],
        "cues": [
            {
                "at": cue.at,
                "kind": cue.kind,
                "title": cue.title,
                "minutes": cue.minutes,
                **({"guide": cue.guide} if role == "lead" else {}),
            }
            for cue in lesson.cues
        ],
    }


def _medium(medium: Medium) -> dict[str, object]:
    return {
        "media": medium.url,
        "rendition": medium.name,
        "stills": [{"at": one.at, "url": one.url} for one in medium.stills],
    }
