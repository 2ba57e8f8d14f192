"""Running the server: listen, say so, serve until asked to stop, stop gracefully."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

from aiohttp import web

from core.errors import UsageError
from hub.address import Address
from hub.serve.app import HubApplication
from hub.serve.background import Keeper
from hub.serve.listening import listen
from hub.serve.mirroring import MirrorKeeper
from hub.serve.service import Service, server_context

# Between two requests of a node as well; nobody holds a connection open for nothing.
IDLE_SECONDS: Final = 75.0
_STOP_SECONDS: Final = 5.0
# How long the rest of a refused body is still read, so that the client sees the refusal.
_LINGER_SECONDS: Final = 1.0


class Server:
    """A serving hub, from ``start`` to ``stop``.

    Args:
        service: the hub's parts; closed with the server.
        address: where to listen.
        tls: whether to serve TLS with the hub's own certificate.
        idle: seconds that a client may take to send a request's headers.
    """

    def __init__(
        self, service: Service, address: Address, *, tls: bool, idle: float = IDLE_SECONDS
    ) -> None:
        """Prepare; nothing listens yet."""
        self._idle = idle
        self._service = service
        self._address = address
        self._tls = server_context(service) if tls else None
        self._listening: asyncio.Server | None = None
        self._stop = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen, and give the base URL.

        Raises:
            UsageError: the address cannot be listened on.
        """
        behind_proxy = self._service.config.tls == "proxy"
        app = HubApplication(self._service, behind_proxy=behind_proxy).build()
        self._runner = web.AppRunner(
            app,
            access_log=None,
            # Batches come compressed; what says so to HTTP could be a bomb.
            auto_decompress=False,
            keepalive_timeout=self._idle,
            max_line_size=2048,
            max_field_size=4096,
            max_headers=64,
            lingering_time=_LINGER_SECONDS,
            shutdown_timeout=_STOP_SECONDS,
        )
        await self._runner.setup()
        host, port = self._address
        try:
            self._listening = await listen(
                self._runner, self._address, self._tls, self._service.config.connections
            )
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(
                "The hub cannot listen on {address}: {reason}.",
                hint="Choose another address with --listen.",
                address=f"{host}:{port}",
                reason=error.strerror or error,
            ) from error
        kind = MirrorKeeper if self._service.mirror else Keeper
        keeper = kind(self._service, self._reload_certificate)
        self._keeping = asyncio.create_task(keeper.keep(self._stop))
        port = self._listening.sockets[0].getsockname()[1]
        return Address(host, port).url(tls=self._tls is not None)

    async def stop(self) -> None:
        """Finish what is being done, then close."""
        self._stop.set()
        if self._service.mirror:
            self._service.mirror.stop()
        if self._keeping:
            await self._keeping
        if self._listening:
            self._listening.close()
        if self._runner:
            await self._runner.cleanup()
        await asyncio.to_thread(self._service.registry.close)

    async def wait(self) -> None:
        """Wait until something stops the server; a bug in the background work comes out here."""
        if self._keeping:
            await self._keeping

    def ask_to_stop(self) -> None:
        """Make ``wait`` return."""
        self._stop.set()
        if self._service.mirror:
            self._service.mirror.stop()

    def _reload_certificate(self) -> None:
        if self._tls is not None:
            directory = self._service.directory
            self._tls.load_cert_chain(directory.certificate, directory.certificate_key)


async def serve_until_signal(server: Server, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        server: not started yet.
        announce: told the base URL once the server listens.

    Raises:
        UsageError: the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.ask_to_stop)
    try:
        announce(await server.start())
        await server.wait()
    finally:
        await server.stop()
