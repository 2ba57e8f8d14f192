"""Who may see a class: whoever has its code, unless they guess.

Every page and socket that takes a code asks here, so that guesses count wherever they are made.
"""

from typing import Final

from aiohttp import WSCloseCode, web

from edge_client.portal.classes.connection import NO_CLASS_CODE, RATE_CODE
from edge_client.portal.classes.running import RunningClass
from edge_client.portal.classes.words import GUESSED, LATER, NO_CLASS
from edge_client.portal.site import SITE

_LATER: Final = 503


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


async def admitted(request: web.Request, code: str) -> RunningClass:
    """Find the class that runs under a code.

    Raises:
        NotAdmittedError: there is none, or too many wrong codes came.
    """
    classes, address = request.app[SITE].classes, request.remote or ""
    await classes.ready()
    now = classes.now()
    if not classes.guesses.may_try(address, now):
        raise NotAdmittedError(GUESSED, RATE_CODE, web.HTTPTooManyRequests.status_code)
    one = classes.find(code)
    if one is None and not classes.is_loaded:
        raise NotAdmittedError(LATER, WSCloseCode.TRY_AGAIN_LATER, _LATER)
    if one is None:
        classes.guesses.was_wrong(address, now)
        raise NotAdmittedError(NO_CLASS, NO_CLASS_CODE, web.HTTPNotFound.status_code)
    classes.guesses.was_right(address)
    return one
