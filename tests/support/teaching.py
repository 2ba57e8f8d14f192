"""Teachers, their timetable and their forms, for tests of the portal."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import msgspec

from cache import durable
from cache.agent_db import AgentDatabase
from cache.state import StateDirectory
from core.names import PackId
from core.pins import pin_record
from core.timetable import Channel, NodeTimetable, Slot
from tests.support.course import PACK
from tests.support.portal import School

TEACHER = "王老师"
PIN = "2749"


def add_teacher(state: StateDirectory, name: str = TEACHER, pin: str = PIN) -> None:
    """Add a teacher as the technician does, or give one another PIN."""
    with AgentDatabase(state) as database:
        database.set_teacher(name, pin_record(pin, secrets.token_bytes(16)), "2026-11-25")


def remove_teacher(state: StateDirectory, name: str = TEACHER) -> None:
    """Remove a teacher."""
    with AgentDatabase(state) as database:
        database.remove_teacher(name)


def seal_of(text: str) -> dict[str, str]:
    """Give what a page's forms carry."""
    found = re.search(r'name="session" value="(\w+)"><input[^>]* name="token" value="(\w+)"', text)
    assert found, text
    return {"session": found[1], "token": found[2]}


async def post(
    school: School,
    address: str,
    *,
    page: str,
    client: httpx.AsyncClient | None = None,
    **fields: Any,
) -> httpx.Response:
    """Fill in a form of a page, as a browser does."""
    client = client or school.client
    answer = await client.get(page)
    form = {**seal_of(answer.text), **fields}
    return await client.post(address, data=form, headers={"Origin": school.origin})


async def sign_in(
    school: School, name: str = TEACHER, pin: str = PIN, client: httpx.AsyncClient | None = None
) -> httpx.Response:
    """Sign in."""
    page = "/teacher/sign-in"
    return await post(school, page, page=page, client=client, name=name, pin=pin)


def slot(start: datetime, minutes: int = 40, item: str = "video", title: str = "") -> Slot:
    """Make a lesson's time."""
    return Slot(
        start=round(start.timestamp()) // 60,
        minutes=minutes,
        pack=PackId(PACK),
        item=item,
        title=title,
    )


def write_timetable(state: StateDirectory, *channels: Channel) -> None:
    """Write the school's channels as the agent's side does."""
    data = msgspec.json.encode(NodeTimetable(channels=list(channels)))
    durable.write_file(state.timetable, data)


def channel(name: str, slots: Sequence[Slot]) -> Channel:
    """Make a channel."""
    return Channel(id=name, title={"en": f"Class {name}", "zh": f"{name} 班"}, slots=list(slots))
