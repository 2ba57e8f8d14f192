"""Listening, and ending well."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from cache.clock import Clock
from cache.state import StateDirectory
from core.errors import UsageError
from edge_client import notify
from edge_client.addresses import is_told_by_avahi
from edge_client.config import Address, NodeConfig
from edge_client.portal.air.channels import Channels
from edge_client.portal.application import content_application, portal_application
from edge_client.portal.classes.classes import Classes
from edge_client.portal.classes.keeping import Keeping
from edge_client.portal.connections import Connections, affordable
from edge_client.portal.foresight import Foresight
from edge_client.portal.languages import load_languages
from edge_client.portal.lessons import Lessons
from edge_client.portal.outlook import Outlook
from edge_client.portal.own_shelf import OwnShelf
from edge_client.portal.rendering import Renderer
from edge_client.portal.school_hours import SchoolHours
from edge_client.portal.sharing import Sharing
from edge_client.portal.sign_in import teacher_of
from edge_client.portal.site import Ports, Site
from edge_client.portal.teachers import Teachers
from edge_client.portal.timetables import Timetables
from edge_client.portal.usage_log import UsageLog
from edge_client.portal.wish_book import WishBook

_MAX_LINE_BYTES: Final = 4096
_MAX_HEADERS: Final = 64
IDLE_SECONDS: Final = 30.0
_BACKLOG: Final = 128
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
        async with notify.alive():
            await stop.wait()


@asynccontextmanager
async def running(
    state: StateDirectory,
    config: NodeConfig,
    *,
    idle_seconds: float = IDLE_SECONDS,
    most_connections: int | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Site]:
    """Run a portal while the block runs.

    Args:
        state: the node's state directory.
        config: which addresses to listen on, and further names of this host.
        idle_seconds: after how long a silent connection is closed.
        most_connections: how many there may be; None for what the process can hold.
        clock: the machine's clocks; None for the real ones.

    Raises:
        UsageError: an address cannot be listened on.
    """
    clock = clock or Clock()
    languages = load_languages()
    usage = UsageLog(state, clock, disk_floor=config.disk_floor)
    time = SchoolHours(state, clock, usage, zone=config.time_zone)
    lessons = Lessons(state)
    connections = Connections(most_connections or affordable())
    classes = Classes(
        clock,
        teacher_of,
        Keeping(state, usage, clock),
        lessons,
        most_sockets=connections.most_lasting,
    )
    timetable = Timetables(state, usage)
    wishes = WishBook(state, usage)
    site = Site(
        lessons,
        usage,
        languages,
        Renderer(languages.values()),
        clock,
        frozenset(name.lower() for name in config.portal_hosts),
        connections,
        classes,
        time,
        timetable,
        Teachers(state, clock, usage, time),
        wishes,
        Outlook(state, wishes),
        Foresight(state, time),
        Channels(state, lessons, usage, time, timetable, clock),
        OwnShelf(state, clock, usage, disk_floor=config.disk_floor),
        Sharing(state, clock),
    )
    site.ports.host = config.portal_listen[0]
    site.usage.start()
    site.classes.begin()
    async with AsyncExitStack() as stack:
        stack.callback(site.lessons.close)
        stack.callback(site.sharing.close)
        stack.callback(site.teachers.close)
        stack.push_async_callback(site.usage.close)
        stack.push_async_callback(site.air.close)
        site.air.start()
        site.ports.content = await _listen(
            stack, site, content_application(site), config.portal_content_listen
        )
        site.ports.portal = await _listen(
            stack, site, portal_application(site), config.portal_listen
        )
        if config.is_among_peers and not is_told_by_avahi():
            # Here, not above: most nodes have avahi, and need not load this.
            from edge_client.portal.announcing import announced  # noqa: PLC0415

            await stack.enter_async_context(announced(site.ports.portal))
        sweeper = asyncio.get_running_loop().create_task(site.connections.sweep(idle_seconds))
        try:
            yield site
        finally:
            await site.classes.close()
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper


async def _listen(stack: AsyncExitStack, site: Site, app: web.Application, address: Address) -> int:
    """Listen on an address until the stack ends; give the port."""
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
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    host, port = address
    try:
        server = await asyncio.get_running_loop().create_server(
            site.connections.factory(_server_of(runner)), host, port, backlog=_BACKLOG
        )
    except OSError as error:
        raise UsageError(
            "The portal cannot listen on {host}, port {port}: {reason}.",
            hint="Another program may be using it; stop that, or set another port in node.toml.",
            host=host,
            port=port,
            reason=error.strerror or str(error),
        ) from error
    stack.callback(server.close)
    return int(server.sockets[0].getsockname()[1])


def _server_of(runner: web.AppRunner) -> web.Server:
    if runner.server is None:
        raise RuntimeError("the runner is not set up")
    return runner.server
