"""What a class of 50 costs the portal: memory of each screen, and CPU while it is taught."""

import asyncio
import os
import time
from pathlib import Path

import aiohttp
import httpx
import pytest

from benchmarks.memory import pss
from cache.state import StateDirectory
from core.class_session import LONGEST
from tests.support.classes import Screen, add_teachers, visitors
from tests.support.course import make_course, make_mp4, make_png
from tests.support.portal_process import LISTEN, portal
from tests.support.teaching import seal_of

PUPILS = 50
SECONDS = 60
PINGS_EVERY = 2.0
HERE_EVERY = 5.0
PORTAL_GATE_MB = 50
CPU_GATE = 0.05
SCREEN_GATE_KB = 100

pytestmark = pytest.mark.bench


def processor_seconds(process: int) -> float:
    """Give the CPU time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def begin(origin: str) -> tuple[str, str]:
    """Sign in and start a class; give its code and the teacher's cookie."""
    with httpx.Client(base_url=origin, trust_env=False) as client:
        page, headers = "/teacher/sign-in", {"Origin": origin}
        form = {**seal_of(client.get(page).text), "name": "Li", "pin": "2749"}
        client.post(page, data=form, headers=headers)
        form = {**seal_of(client.get(page).text), "pack": "gd/zhuhai/math-g5", "item": "video"}
        answer = client.post("/class/start", data=form, headers=headers)
        return answer.headers["Location"].rpartition("/")[2], client.cookies["teacher"]


async def pupil(screen: Screen) -> None:
    """Do what a tablet's page does while the class goes on."""
    started = time.monotonic()
    number = 0
    while time.monotonic() - started < SECONDS:
        await screen.send(type="ping", id=number)
        if number % round(HERE_EVERY / PINGS_EVERY) == 0:
            await screen.send(type="here", position=number * 1000, state="ready")
        number += 1
        await asyncio.sleep(PINGS_EVERY)


@pytest.mark.timeout(300)
async def test_fifty_screens_for_a_minute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A teacher who orders every two seconds, and 50 tablets that measure the clock."""
    state = StateDirectory(tmp_path / "state")
    make_course(state.root, make_mp4(), make_png())
    add_teachers(state, "Li")
    program = ("-m", "edge_client.portal", "--state", str(state.root), *LISTEN)
    with portal(*program) as (process, at):
        origin = at["portal"]
        code, cookie = begin(origin)
        async with (
            visitors(origin) as room,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        ):
            room.cookies["Li"] = cookie
            lead = await room.connect(code, "lead", teacher="Li")
            await lead.sees(leads=True)
            alone = pss(process.pid)
            address = f"{origin}/class/socket?code={code}&as=pupil"
            tablets = [
                Screen(await session.ws_connect(address, headers={"Origin": origin}))
                for _ in range(PUPILS)
            ]
            await lead.sees(pupils=PUPILS)
            full = pss(process.pid)
            before = processor_seconds(process.pid)
            busy = [asyncio.create_task(pupil(one)) for one in tablets]
            await lead.order("play")
            for number in range(SECONDS // 2):
                await asyncio.sleep(2)
                await lead.order("back" if number % 2 else "seek", 1000 * number % LONGEST)
            await asyncio.gather(*busy)
            used = (processor_seconds(process.pid) - before) / SECONDS
            views = sum(one["type"] == "view" for one in tablets[0].heard)
            for one in tablets:
                await one.close()
    screen = (full - alone) / PUPILS * 1000
    with capsys.disabled():
        print(f"\nclass of {PUPILS}: portal {alone:.1f} MB, then {full:.1f} MB PSS")
        print(f"each screen: {screen:.0f} kB; gate {SCREEN_GATE_KB}")
        print(f"CPU for a minute of class: {100 * used:.2f} % of a core; gate {100 * CPU_GATE:.0f}")
    assert views > SECONDS // 2
    assert full < PORTAL_GATE_MB
    assert screen < SCREEN_GATE_KB
    assert used < CPU_GATE
