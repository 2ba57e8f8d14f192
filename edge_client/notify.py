"""Tells systemd that this process is ready, and again and again that it still turns.

Rules:
    - Signs of life come from the event loop itself: a loop that hangs, or a process that is
      stopped, gives none, and systemd starts it anew.
    - Without systemd (``NOTIFY_SOCKET`` is not set) nothing is sent.
    - A message that does not arrive is never an error of ours: systemd then does what it does.

The protocol is that of sd_notify(3): datagrams of ``KEY=value`` lines to a Unix socket.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

_MICROSECONDS: Final = 1_000_000
# Signs within one time limit, so that a busy moment costs none.
_SIGNS: Final = 3


@asynccontextmanager
async def alive(environment: Mapping[str, str] = os.environ) -> AsyncIterator[None]:
    """Say that this process is ready, give signs of life while inside, and say when it ends."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as channel:
        _send(channel, address, "READY=1")
        pause = _pause(environment)
        signs = asyncio.create_task(_signs(channel, address, pause)) if pause else None
        try:
            yield
        finally:
            if signs:
                signs.cancel()
                with suppress(asyncio.CancelledError):
                    await signs
            _send(channel, address, "STOPPING=1")


async def _signs(channel: socket.socket, address: str, pause: float) -> None:
    while True:
        _send(channel, address, "WATCHDOG=1")
        await asyncio.sleep(pause)


def _send(channel: socket.socket, address: str, message: str) -> None:
    # A name that begins with @ is not in the file system.
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError):
        channel.sendto(message.encode(), place)


def _pause(environment: Mapping[str, str]) -> float:
    """Give seconds between two signs; 0 when systemd does not wait for any from this process."""
    limit = environment.get("WATCHDOG_USEC", "")
    process = environment.get("WATCHDOG_PID", "")
    if not limit.isascii() or not limit.isdecimal() or process not in {"", str(os.getpid())}:
        return 0.0
    return int(limit) / _MICROSECONDS / _SIGNS
