"""``/class/socket?code=&as=``: a screen's WebSocket (``core.class_messages``).

``key``, 16 hexadecimal digits of the page's own, lets a page that connects again keep its number.
A sentence comes as a ``Fault`` before it is closed, since no browser shows a page the answer to a
WebSocket that was refused.
"""

import asyncio
import re
import secrets
from collections import Counter
from contextlib import suppress
from typing import Final, Literal, TypeAlias, cast, get_args

from aiohttp import WSMsgType, web

from core.class_messages import (
    MAX_MESSAGE_BYTES,
    Fault,
    Order,
    Role,
    decode_from_screen,
    encode_from_portal,
)
from core.class_room import MOST_SCREENS
from core.errors import RefusedError
from edge_client.portal.classes.admission import NotAdmittedError, admitted
from edge_client.portal.classes.classes import Classes
from edge_client.portal.classes.connection import (
    FULL_CODE,
    JUNK_CODE,
    RATE_CODE,
    TEACHERS_CODE,
    Connection,
)
from edge_client.portal.classes.running import RunningClass
from edge_client.portal.classes.words import CROWDED, FULL, JUNK, SIGN_IN, TOO_FAST
from edge_client.portal.errors import language_of
from edge_client.portal.security import is_from_own_page
from edge_client.portal.site import SITE

HEARTBEAT_SECONDS: Final = 15.0
_CROWDED_STATUS: Final = 503
_CLOSE_SECONDS: Final = 2.0
_KEY: Final = re.compile(r"[0-9a-f]{16}\Z")
_Socket: TypeAlias = "web.WebSocketResponse[Literal[False]]"
# What is larger than a message can be and still gets a sentence.
_ROOM: Final = 4


async def socket(request: web.Request) -> web.StreamResponse:
    """Connect a screen to its class until either ends.

    Raises:
        HTTPBadRequest: it is no WebSocket, or names no role.
        HTTPForbidden: it does not come from a page of ours.
    """
    if not is_from_own_page(request):
        raise web.HTTPForbidden
    role = request.query.get("as", "")
    if role not in get_args(Role):
        raise web.HTTPBadRequest
    answer: _Socket = web.WebSocketResponse(
        timeout=_CLOSE_SECONDS,
        heartbeat=HEARTBEAT_SECONDS,
        compress=False,
        max_msg_size=_ROOM * MAX_MESSAGE_BYTES,
        decode_text=False,
    )
    await answer.prepare(request)
    with suppress(ConnectionError):
        try:
            await _serve(request, answer, cast("Role", role))
        except NotAdmittedError as refusal:
            text = language_of(request).texts.gettext(refusal.text)
            await answer.send_frame(encode_from_portal(Fault(text, refusal.again)), WSMsgType.TEXT)
            await answer.close(code=refusal.code)
    return answer


async def _serve(request: web.Request, answer: _Socket, role: Role) -> None:
    one, teacher = await _let_in(request, role)
    key = request.query.get("key", "")
    if not _KEY.match(key):
        key = secrets.token_hex(8)
    classes = request.app[SITE].classes
    connection = one.join(
        key, role, teacher,
        lambda member: Connection(answer, request, member, language_of(request), classes.now),
    )  # fmt: skip
    writer = asyncio.get_running_loop().create_task(connection.write())
    try:
        with request.app[SITE].connections.lasting(request.protocol):
            await _read(request, answer, one, connection)
    finally:
        one.leave(connection)
        if connection.is_closing:
            await writer
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer


async def _let_in(request: web.Request, role: Role) -> tuple[RunningClass, str]:
    """Find the class that a screen may join, and its teacher's name.

    Raises:
        NotAdmittedError: it may not.
    """
    teacher = await _teacher(request, role)
    if teacher is None:
        raise NotAdmittedError(SIGN_IN, TEACHERS_CODE, web.HTTPForbidden.status_code)
    one = await admitted(request, request.query.get("code", ""))
    _make_room(request.app[SITE].classes, one, role, request.remote or "")
    return one, teacher


async def _teacher(request: web.Request, role: Role) -> str | None:
    """Give who is signed in on a page that may lead, or None; on others that does not matter."""
    return await request.app[SITE].classes.teacher_of(request) if role == "lead" else ""


def _make_room(classes: Classes, one: RunningClass, role: Role, address: str) -> None:
    """See that there is room for a screen; whoever has more tablets there than others gives way.

    Raises:
        NotAdmittedError: there is none.
    """
    is_full = len(one.connections) >= MOST_SCREENS
    if not is_full and classes.sockets < classes.most_sockets:
        return
    tablets = [
        (room, each)
        for room in ([one] if is_full else classes.running())
        for each in room.connections.values()
        if each.member.role == "pupil" and not each.is_closing
    ]
    held = Counter(each.address for _, each in tablets)
    greedy, most = held.most_common(1)[0] if held else ("", 0)
    # The teacher gets in, whoever is there already.
    if not tablets or (role != "lead" and most <= held[address] + 1):
        raise NotAdmittedError(FULL if is_full else CROWDED, FULL_CODE, _CROWDED_STATUS)
    room, last = next(pair for pair in reversed(tablets) if pair[1].address == greedy)
    room.leave(last)
    last.close(FULL_CODE, FULL if is_full else CROWDED)


async def _read(
    request: web.Request, answer: _Socket, one: RunningClass, connection: Connection
) -> None:
    async for message in answer:
        if connection.is_closing or message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        if not connection.takes_message():
            connection.strike(TOO_FAST, RATE_CODE)
            continue
        try:
            decoded = decode_from_screen(message.data)
        except RefusedError:
            connection.strike(JUNK, JUNK_CODE)
            continue
        member = connection.member
        if isinstance(decoded, Order) and await _teacher(request, member.role) != member.teacher:
            # Removed, or signed out, since the page was opened.
            connection.close(TEACHERS_CODE, SIGN_IN)
            return
        one.take(connection, decoded)
