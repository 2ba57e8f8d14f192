"""``POST /class/start`` and ``/class/<code>.json``: beginning a class, and what it plays."""

from typing import Final

from aiohttp import hdrs, web

from core.class_lesson import ClassLesson, Medium
from core.errors import ExhaustedError, UsageError
from core.manifest import best_title
from edge_client.portal.classes.lesson import class_lesson
from edge_client.portal.classes.words import NO_CLASS, SIGN_IN, say
from edge_client.portal.errors import language_of, refusal
from edge_client.portal.form_tokens import COOKIE, is_token
from edge_client.portal.security import is_from_own_page
from edge_client.portal.site import SITE

_MOST_CHARACTERS: Final = 200


async def start(request: web.Request) -> web.Response:
    """Begin a class with ``pack`` and ``item``, and go to the page that leads it.

    Raises:
        HTTPForbidden: it does not come from a page of ours, or nobody is signed in.
        HTTPNotFound: the item is not here.
        HTTPSeeOther: always, otherwise.
    """
    site = request.app[SITE]
    if not is_from_own_page(request):
        raise web.HTTPForbidden
    form = await request.post()
    pack, item, session, token = (
        str(form.get(name, ""))[:_MOST_CHARACTERS] for name in ("pack", "item", "session", "token")
    )
    cookie = request.cookies.get(COOKIE)
    secrets = await site.usage.secrets()
    teacher = await site.classes.teacher_of(request)
    if teacher is None or not any(is_token(one, cookie, session, token) for one in secrets):
        raise web.HTTPForbidden
    try:
        lesson = await class_lesson(site.lessons, pack, item)
        if lesson is None:
            raise web.HTTPNotFound
        one = site.classes.start(lesson, teacher)
    except (UsageError, ExhaustedError) as error:
        return refusal(409, say(language_of(request).texts, error))
    raise web.HTTPSeeOther(f"/class/lead/{one.code}", headers={hdrs.CACHE_CONTROL: "no-store"})


async def description(request: web.Request) -> web.Response:
    """Say what a class plays, for the scripts of its pages; the guides to teachers alone."""
    site, language = request.app[SITE], language_of(request)
    role = request.query.get("as", "pupil")
    if role == "lead" and await site.classes.teacher_of(request) is None:
        return refusal(403, language.texts.gettext(SIGN_IN))
    one = site.classes.find(request.match_info["code"])
    if one is None:
        return refusal(404, language.texts.gettext(NO_CLASS))
    body = _described(one.lesson, role, language.code)
    return web.json_response(body, headers={hdrs.CACHE_CONTROL: "no-store"})


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
