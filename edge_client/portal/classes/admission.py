"""Who may see a class: whoever has its code, unless they guess.

Every page and socket that takes a code asks here, so that guesses count wherever they are made.
"""

from typing import Final

from aiohttp import WSCloseCode, web

from edge_client.portal.classes.connection import NO_CLASS_CODE, RATE_CODE
from edge_client.portal.classes.running import RunningClass
from edge_client.portal.classes.words import GUESSED, LATER, NO_CLASS
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.security import Handler
from edge_client.portal.site import SITE

_TOO_MANY: Final = web.HTTPTooManyRequests.status_code
_LATER: Final = web.HTTPServiceUnavailable.status_code
_NOT_HERE: Final = web.HTTPNotFound.status_code


class NotAdmittedError(Exception):
    """Why a screen is not let in.

    Args:
        text: a sentence, to be translated.
        code: to close a WebSocket with.
        status: of an answer over HTTP.
    """

    def __init__(self, text: str, code: int, status: int) -> None:
        super().__init__(text)
        self.text, self.code, self.status = text, code, status

    @property
    def again(self) -> bool:
        """Whether trying again later helps."""
        return self.status in {_TOO_MANY, _LATER}


async def admitted(request: web.Request, code: str) -> RunningClass:
    """Find the class that runs under a code.

    Raises:
        NotAdmittedError: there is none, or too many wrong codes came.
    """
    classes, address = request.app[SITE].classes, request.remote or ""
    await classes.ready()
    if not classes.guesses.may_try(address, code, classes.now()):
        raise NotAdmittedError(GUESSED, RATE_CODE, _TOO_MANY)
    one = classes.find(code)
    if one is None and not classes.is_loaded:
        raise NotAdmittedError(LATER, WSCloseCode.TRY_AGAIN_LATER, _LATER)
    if one is None:
        classes.guesses.was_wrong(address, classes.now())
        raise NotAdmittedError(NO_CLASS, NO_CLASS_CODE, _NOT_HERE)
    classes.guesses.was_right(address, code)
    return one


def guarded(page: Handler) -> Handler:
    """Let a page of a class be seen with its code alone; otherwise ask for the code again."""

    async def handler(request: web.Request) -> web.StreamResponse:
        code = request.match_info["code"]
        try:
            await admitted(request, code)
        except NotAdmittedError as error:
            problem = language_of(request).texts.gettext(error.text)
            response = await show(request, "class/enter.html", code=code, problem=problem)
            response.set_status(error.status)
            response.headers["Cache-Control"] = "no-store"
            return response
        return await page(request)

    return handler
