"""Signs of life, received as systemd receives them: over a real socket, from real processes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.state import StateDirectory
from edge_client import notify

EVERY = 0.05


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The receiving end; it waits at most half a minute for a message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(tmp_path / "notify"))
        one.settimeout(30)
        yield one


def environment(systemd: socket.socket, **more: str) -> dict[str, str]:
    limit = str(round(3 * EVERY * 1_000_000))
    return {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": limit, **more}


async def messages(systemd: socket.socket, given: dict[str, str], seconds: float) -> list[str]:
    """Give what was said by a loop that turns for some time."""
    listening = asyncio.create_task(asyncio.to_thread(hear, systemd))
    async with notify.alive(given):
        await asyncio.sleep(seconds)
    return await listening


def hear(systemd: socket.socket) -> list[str]:
    """Listen until the end is said."""
    said: list[str] = []
    while "STOPPING=1" not in said:
        said.append(systemd.recv(1000).decode())
    return said


async def test_ready_then_signs_then_the_end(systemd: socket.socket) -> None:
    said = await messages(systemd, environment(systemd), 10 * EVERY)

    assert said[0] == "READY=1"
    assert said[-1] == "STOPPING=1"
    assert set(said[1:-1]) == {"WATCHDOG=1"}
    assert len(said) >= 4


@pytest.mark.parametrize(
    "more", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "soon"}]
)
async def test_no_signs_are_given_that_nobody_waits_for(
    systemd: socket.socket, more: dict[str, str]
) -> None:
    said = await messages(systemd, environment(systemd, **more), 2 * EVERY)

    assert said == ["READY=1", "STOPPING=1"]


async def test_signs_are_given_when_this_process_is_named(systemd: socket.socket) -> None:
    given = environment(systemd, WATCHDOG_PID=str(os.getpid()))

    assert "WATCHDOG=1" in await messages(systemd, given, 2 * EVERY)


async def test_a_name_outside_the_file_system_is_reached() -> None:
    name = f"packhorse-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}")

        assert await messages(systemd, {"NOTIFY_SOCKET": f"@{name}"}, 0) == [
            "READY=1",
            "STOPPING=1",
        ]


@pytest.mark.parametrize("address", ["", "/nonexistent/notify", "relative"])
async def test_without_systemd_all_goes_on(address: str) -> None:
    async with notify.alive({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"}):
        await asyncio.sleep(EVERY)


@pytest.mark.parametrize("half", ["portal", "agent"])
def test_a_stopped_half_gives_no_sign_and_a_running_one_does(
    systemd: socket.socket, tmp_path: Path, half: str
) -> None:
    state = StateDirectory(tmp_path / "state")
    state.create()
    process = subprocess.Popen(
        [sys.executable, "-m", f"edge_client.{half}", "--state", str(state.root)],
        env={
            **os.environ,
            **environment(systemd),
            "PACKHORSE_LISTEN": "127.0.0.1:0",
            "PACKHORSE_CONTENT_LISTEN": "127.0.0.1:0",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert systemd.recv(1000) == b"READY=1"
        assert systemd.recv(1000) == b"WATCHDOG=1"

        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        systemd.setblocking(False)
        try:
            while True:
                systemd.recv(1000)
        except BlockingIOError:
            systemd.settimeout(4 * EVERY)
        with pytest.raises(TimeoutError):
            systemd.recv(1000)

        process.send_signal(signal.SIGCONT)
        systemd.settimeout(30)
        assert systemd.recv(1000) == b"WATCHDOG=1"
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        assert process.wait(30) == 0
