"""The HTTP application: routes and handlers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Final, TypeVar

from aiohttp import web
from tuf.api.metadata import Timestamp

from core.codec import decode_json
from core.errors import RefusedError
from core.node_report import MAX_SIGNED_REPORT_BYTES
from core.offer import MAX_PIECE_BYTES
from core.statement import MAX_BATCH_BYTES
from core.token import EnrolRequest
from core.trust import edit, roles
from core.trusted_time import format_moment
from hub.mirror.record import read_record
from hub.offers import Offers
from hub.pages.application import PREFIX, admin_application
from hub.registry.enrolment import enrol
from hub.repository import DirectoryRepository
from hub.serve.errors import errors_as_json, json_response
from hub.serve.limits import RateLimit, client_address, read_body
from hub.serve.service import Service
from hub.serve.static import fewest_headers, serve_directory
from hub.serve.stored import serve_store

T = TypeVar("T")

MAX_ENROL_BYTES: Final = 4 * 1024
# Batches that wait for the registry at the same time.
_MAX_INTAKES: Final = 16
_MAX_DIGITS: Final = 15
_AUTHORITY_TYPE: Final = "application/x-pem-file"


class HubApplication:
    """Handlers over one service.

    Args:
        service: the hub's parts.
        behind_proxy: whether X-Forwarded-For comes from our own proxy.
    """

    def __init__(self, service: Service, *, behind_proxy: bool) -> None:
        """Make the handlers' own state."""
        self._service = service
        self._behind_proxy = behind_proxy
        self._rate = RateLimit(service.config.enrolments_per_minute)
        self._intakes = asyncio.Semaphore(_MAX_INTAKES)
        self._offers = Offers(service.directory, service.repository, service.clock)
        self._offer_rate = RateLimit(service.config.enrolments_per_minute)
        self._offering = asyncio.Lock()
        # The registry has one writer at a time anyway; the loop must not wait for it.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="registry")

    def build(self) -> web.Application:
        """Make the aiohttp application."""
        app = web.Application(middlewares=[errors_as_json], client_max_size=MAX_ENROL_BYTES)
        app.on_response_prepare.append(fewest_headers)
        app.router.add_post("/v1/enrol", self.enrol)
        app.router.add_post("/v1/statements", self.statements)
        app.router.add_post("/v1/report", self.report)
        app.router.add_post("/v1/offers/{role}", self.offer)
        app.router.add_post("/v1/offers/{role}/pieces", self.piece)
        app.router.add_get("/v1/authority.pem", self.authority)
        app.router.add_get("/v1/status", self.status)
        app.add_subapp(PREFIX, admin_application(self._service, behind_proxy=self._behind_proxy))
        app.router.add_get("/{path:.*}", self.file)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        await asyncio.to_thread(self._writer.shutdown)

    async def _write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def enrol(self, request: web.Request) -> web.Response:
        """Enrol a node."""
        address = client_address(request, behind_proxy=self._behind_proxy)
        self._rate.check(address, self._service.clock.monotonic())
        body = await read_body(request, MAX_ENROL_BYTES, seconds=30)
        wanted = decode_json(body, EnrolRequest, what="The request", limit=MAX_ENROL_BYTES)
        service, now = self._service, self._service.clock.wall()
        reply = await self._write(lambda: enrol(service.registry, service.hub, wanted, now))
        return json_response(200, reply)

    async def statements(self, request: web.Request) -> web.Response:
        """Take a batch of statements."""
        # Read before taking a place: slow senders must not keep the others out.
        body = await read_body(request, MAX_BATCH_BYTES + 4096)
        async with self._intakes:
            answer = await self._write(lambda: self._service.intake.take(body))
        return json_response(200, answer)

    async def report(self, request: web.Request) -> web.Response:
        """Take what a node says about itself."""
        body = await read_body(request, MAX_SIGNED_REPORT_BYTES, seconds=60)
        async with self._intakes:
            answer = await self._write(lambda: self._service.reports.take(body))
        return json_response(200, answer)

    async def offer(self, request: web.Request) -> web.Response:
        """Take what a publisher has signed, at a mirror of this hub."""
        address = client_address(request, behind_proxy=self._behind_proxy)
        self._offer_rate.check(address, self._service.clock.monotonic())
        body = await read_body(request, roles.MAX_TARGETS_BYTES)
        role = request.match_info["role"]
        async with self._offering:
            answer = await asyncio.to_thread(self._offers.offer, role, body)
        return json_response(200, answer)

    async def piece(self, request: web.Request) -> web.Response:
        """Take a piece of a file that such a role names."""
        role, path = request.match_info["role"], request.query.get("path", "")
        at = request.query.get("at", "")
        if not at.isascii() or not at.isdecimal() or len(at) > _MAX_DIGITS:
            raise RefusedError("The request does not say where the piece belongs.")
        body = await read_body(request, MAX_PIECE_BYTES)
        async with self._offering:
            answer = await asyncio.to_thread(self._offers.piece, role, path, int(at), body)
        return json_response(200, answer)

    async def authority(self, _: web.Request) -> web.Response:
        """Give the certificate of the hub's private authority."""
        path = self._service.directory.authority
        try:
            pem = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise web.HTTPNotFound from error
        return web.Response(body=pem, content_type=_AUTHORITY_TYPE)

    async def status(self, _: web.Request) -> web.Response:
        """Say that the hub is alive, and how fresh what it shows is; a new mirror shows nothing."""
        service = self._service
        data = await asyncio.to_thread(
            service.repository.read, roles.TIMESTAMP_PATH, roles.MAX_TIMESTAMP_BYTES
        )
        shown = {}
        if data is not None or service.mirror is None:
            timestamp = edit.parse(data or b"", Timestamp, roles.MAX_TIMESTAMP_BYTES)
            shown = {
                "snapshot": timestamp.snapshot_meta.version,
                "timestamp": timestamp.version,
                "expires": format_moment(timestamp.expires),
            }
        own = {
            "hub": service.hub,
            "version": version("packhorse"),
            "time": format_moment(service.clock.wall()),
        }
        return json_response(200, own | shown | (_mirror_status(service) if service.mirror else {}))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Give a file of the repository."""
        repository = self._service.repository
        if isinstance(repository, DirectoryRepository):
            return await asyncio.to_thread(serve_directory, repository.root, request)
        return await serve_store(repository, request)


def _mirror_status(service: Service) -> dict[str, object]:
    """Say how a mirror stands to its upstream."""
    record = read_record(service.directory.mirror_record)
    return {
        "mirror": {
            "upstream": service.config.upstream,
            "contact": record.contact,
            "upstream_snapshot": record.snapshot,
            "missing_packs": record.packs,
            "missing_bytes": record.missing,
        }
    }
