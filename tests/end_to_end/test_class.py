"""A class on a portal of its own process: killed, started again, and after a reboot."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cache import journal_classes
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from core.cues import Cue
from core.statement import Poisoned, decode_batch
from core.usage import Recorded, Statement, decode_record, plain_statement
from sync.batches import encode_rows
from tests.support.classes import Screen, Visitors, add_teachers, visitors
from tests.support.course import course_files, course_manifest, install, make_mp4, make_png
from tests.support.nodes import make_state
from tests.support.other_boot import other_boot
from tests.support.portal_process import portal
from tests.support.teaching import seal_of

PACK = "gd/zhuhai/math-g5"
TEACHER = "Li"


@pytest.fixture(scope="module")
def video() -> bytes:
    return make_mp4()


@pytest.fixture
def state(tmp_path: Path, video: bytes) -> StateDirectory:
    state = make_state(tmp_path / "state")
    files = course_files(video, make_png())
    manifest = course_manifest(files)
    lesson = next(item for item in manifest.items if item.id == "video")
    lesson.cues.extend([Cue(at=1000, guide="Let them guess."), Cue(at=600_000)])
    install(state, manifest, files)
    add_teachers(state, TEACHER)
    return state


@contextmanager
def running(state: StateDirectory, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = ("-m", "edge_client.portal", "--state", str(state.root))
    listen = ("--listen", f"127.0.0.1:{port}", "--content-listen", "127.0.0.1:0")
    with portal(*command, *listen) as (process, at):
        yield process, at["portal"]


def begin(origin: str) -> tuple[str, str]:
    """Sign in and start a class, as a browser does; give its code and the teacher's cookie."""
    with httpx.Client(base_url=origin, trust_env=False, timeout=60) as client:
        page = "/teacher/sign-in"
        headers = {"Origin": origin}
        form = {**seal_of(client.get(page).text), "name": TEACHER, "pin": "2749"}
        assert client.post(page, data=form, headers=headers).status_code == 303
        form = {**seal_of(client.get(page).text), "pack": PACK, "item": "video"}
        answer = client.post("/class/start", data=form, headers=headers)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].rpartition("/")[2], client.cookies["teacher"]


def told(state: StateDirectory) -> list[Recorded]:
    reader = JournalReader(state.journal)
    rows = [row for one in reader.epochs() for row in reader.unsent(one.epoch, 0, 1000)]
    return [one for one in map(decode_record, (row.record for row in rows)) if one.verb == "taught"]


def sent(state: StateDirectory) -> list[Statement | Poisoned]:
    """Give what a hub reads of it."""
    reader = JournalReader(state.journal)
    (epoch,) = reader.epochs()
    return decode_batch(encode_rows(reader.unsent(epoch.epoch, 0, 1000)))


async def until_kept(state: StateDirectory, seen: dict[str, Any]) -> None:
    """Wait until what a screen has seen of the only class is durable."""
    async with asyncio.timeout(60):
        # By another process.
        while journal_classes.running(state.journal)[0].session.revision < seen["revision"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def lead(room: Visitors, code: str, cookie: str) -> Screen:
    room.cookies[TEACHER] = cookie
    screen = await room.connect(code, "lead", teacher=TEACHER, key="00112233445566aa")
    await screen.sees(leads=True)
    return screen


async def test_killed_and_started_again_it_goes_on_by_itself_and_is_told_once(
    state: StateDirectory,
) -> None:
    with running(state) as (process, origin):
        port = int(origin.rpartition(":")[2])
        code, cookie = begin(origin)
        async with visitors(origin) as room:
            desk = await lead(room, code, cookie)
            await desk.order("play")
            await desk.sees(phase="cue", position=1000)
            await desk.order("play")
            before = await desk.sees(phase="playing")
            await until_kept(state, before)
            process.kill()
            process.wait(30)
            killed = time.monotonic()
    with running(state, port) as (_, origin):
        async with visitors(origin) as room:
            tablet = await room.connect(code, "pupil")
            after = await tablet.sees(phase="playing")
            assert time.monotonic() - killed < 10
            passed = after["at"] - before["at"]
            assert abs(after["position"] - before["position"] - passed) <= 2
            assert after["revision"] > before["revision"]
            desk = await lead(room, code, cookie)
            await desk.order("end")
            assert await desk.ends() == 4410
    (statement,) = told(state)
    assert (statement.item, statement.cues, statement.count) == ("video", 1, 1)
    assert sent(state)[-1] == plain_statement(statement)
    with running(state, port) as (_, origin):
        pass
    assert len(told(state)) == 1


async def test_after_a_reboot_without_a_clock_it_waits_paused(
    state: StateDirectory, tmp_path: Path
) -> None:
    with running(state) as (process, origin):
        code, cookie = begin(origin)
        async with visitors(origin) as room:
            desk = await lead(room, code, cookie)
            await desk.order("seek", 2000)
            await desk.order("play")
            playing = await desk.sees(phase="playing")
            await desk.order("pause")
            paused = await desk.until(
                lambda one: one.get("phase") == "paused" and one["revision"] > playing["revision"]
            )
            again = time.monotonic()
            await desk.order("play")
            await until_kept(state, await desk.sees(phase="playing"))
            process.kill()
            process.wait(30)
            played = (time.monotonic() - again) * 1000
    with other_boot(tmp_path), running(state) as (_, origin):
        async with visitors(origin) as room:
            screen = await room.connect(code, "screen")
            view = await screen.sees(phase="paused")
            # It may have been saved a moment after it was played again, and never before.
            assert paused["position"] <= view["position"] <= paused["position"] + played
            assert view["at"] < 60_000
