"""Letting other nodes find this one on the network, where avahi does not do so already.

Loaded only there: a Raspberry Pi has avahi, whose service file names this node.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from zeroconf import Error
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from core.peers import SERVICE
from edge_client.addresses import own_addresses

LOOK_SECONDS: Final = 60.0
_LOG: Final = logging.getLogger(__name__)
_LABEL_CHARACTERS: Final = 40


@asynccontextmanager
async def announced(port: int, interfaces: Sequence[str] | None = None) -> AsyncIterator[None]:
    """Let the portal on ``port`` be found while the block runs.

    Args:
        port: where the portal listens.
        interfaces: own addresses on which to speak; None for those of this machine's networks,
            as they come and go.
    """
    work = asyncio.get_running_loop().create_task(_keep(port, interfaces))
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _keep(port: int, interfaces: Sequence[str] | None) -> None:
    """Speak on the networks of this moment; begin anew when they are others."""
    while True:
        try:
            addresses = _addresses(interfaces)
            if addresses:
                await _speak(port, addresses, interfaces)
                continue
        except (OSError, RuntimeError, Error) as error:
            _LOG.info("other nodes cannot find this one: %s", error)
        await asyncio.sleep(LOOK_SECONDS)


async def _speak(port: int, addresses: list[str], interfaces: Sequence[str] | None) -> None:
    voice = AsyncZeroconf(interfaces=addresses)
    try:
        host = socket.gethostname().partition(".")[0][:_LABEL_CHARACTERS] or "node"
        info = AsyncServiceInfo(
            SERVICE,
            f"Packhorse on {host}.{SERVICE}",
            port,
            addresses=[socket.inet_aton(one) for one in addresses],
            properties={"path": "/"},
            # Not by the host's name: cards are cloned.
            server=f"packhorse-{addresses[0].replace('.', '-')}.local.",
        )
        await voice.async_register_service(info, allow_name_change=True)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if addresses != _addresses(interfaces):
                return
    finally:
        await voice.async_close()


def _addresses(interfaces: Sequence[str] | None) -> list[str]:
    return [one.address for one in own_addresses()] if interfaces is None else list(interfaces)
