"""Listening, and ending well.

Connections that say nothing for a while are closed, so that nobody can hold them all by sending
half a request. A reader that takes its time with a long answer is left alone: that is a paused
video.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from cache.clock import Clock
from cache.state import StateDirectory
from core.errors import UsageError
from edge_client.config import Address, NodeConfig
from edge_client.portal.application import content_application, portal_application
from edge_client.portal.languages import load_languages
from edge_client.portal.lessons import Lessons
from edge_client.portal.rendering import Renderer
from edge_client.portal.site import Ports, Site
from edge_client.portal.usage_log import UsageLog

_MAX_LINE_BYTES: Final = 4096
_MAX_HEADERS: Final = 64
IDLE_SECONDS: Final = 30.0
_LOOKS: Final = 6
_END_SECONDS: Final = 2.0


async def serve(
    state: StateDirectory, config: NodeConfig, listening: Callable[[Ports], None]
) -> None:
    """Serve until SIGTERM or SIGINT; call ``listening`` when requests are answered.

    Raises:
        UsageError: an address cannot be listened on.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(state, config) as site:
        listening(site.ports)
        await stop.wait()


@asynccontextmanager
async def running(
    state: StateDirectory, config: NodeConfig, *, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[Site]:
    """Run a portal while the block runs.

    Args:
        state: the node's state directory.
        config: which addresses to listen on, and further names of this host.
        idle_seconds: after how long a silent connection is closed.

    Raises:
        UsageError: an address cannot be listened on.
    """
    clock = Clock()
    languages = load_languages()
    site = Site(
        Lessons(state),
        UsageLog(state, clock),
        languages,
        Renderer(languages.values()),
        clock,
        frozenset(name.lower() for name in config.portal_hosts),
    )
    site.usage.start()
    runners: list[web.AppRunner] = []
    try:
        site.ports.content = await _listen(
            runners, content_application(site), config.portal_content_listen
        )
        site.ports.portal = await _listen(runners, portal_application(site), config.portal_listen)
        sweeper = asyncio.get_running_loop().create_task(_sweep(runners, site, idle_seconds))
        try:
            yield site
        finally:
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper
    finally:
        for runner in runners:
            await runner.cleanup()
        await site.usage.close()
        site.lessons.close()


async def _listen(runners: list[web.AppRunner], app: web.Application, address: Address) -> int:
    """Listen on an address; give the port."""
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=IDLE_SECONDS,
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        max_headers=_MAX_HEADERS,
        shutdown_timeout=_END_SECONDS,
    )
    runners.append(runner)
    await runner.setup()
    host, port = address
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise UsageError(
            "The portal cannot listen on {host}, port {port}: {reason}.",
            hint="Another program may be using it; stop that, or set another port in node.toml.",
            host=host,
            port=port,
            reason=error.strerror or str(error),
        ) from error
    return int(runner.addresses[0][1])


async def _sweep(runners: list[web.AppRunner], site: Site, idle_seconds: float) -> None:
    """Close connections that have sent nothing of use for a while and are sent nothing."""
    silent: dict[web.RequestHandler, float] = {}
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(idle_seconds / _LOOKS)
        connections = [one for runner in runners for one in _connections(runner)]
        silent = {
            one: silent.get(one, loop.time()) for one in connections if one not in site.sending
        }
        for one, since in silent.items():
            if loop.time() - since >= idle_seconds:
                one.force_close()


def _connections(runner: web.AppRunner) -> list[web.RequestHandler]:
    return runner.server.connections if runner.server else []
