"""The application of the admin's pages: routes and what they share."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from hub.config import HubConfig
from hub.pages import fleet, guard, publishing, sign_in, static_files, usage
from hub.pages.languages import load_languages
from hub.pages.look import Look
from hub.pages.rendering import PREFIX as _PREFIX
from hub.pages.rendering import Renderer
from hub.pages.site import COUNTER, DESK, LOOK, SITE, Site
from hub.publishing.desk import Desk
from hub.repository import repository_place
from hub.serve.limits import RateLimit
from hub.serve.service import Service
from hub.usage import UsageFiles
from hub.usage_weeks import UsageCounter

PREFIX: Final = _PREFIX.rstrip("/")
_MAX_FORM_BYTES: Final = 16 * 1024
# Each takes 32 MB and a core for a tenth of a second.
_HASHES_AT_ONCE: Final = 2


def admin_application(service: Service, *, behind_proxy: bool) -> web.Application:
    """Make what answers under ``/admin/``.

    Args:
        service: the hub's parts.
        behind_proxy: whether our own proxy does TLS, and X-Forwarded-For is its.
    """
    languages = load_languages()
    app = web.Application(
        middlewares=[
            guard.errors_in_words,
            guard.own_hosts_only,
            guard.encrypted_only,
            guard.signed_in_only,
            guard.own_forms_only,
        ],
        client_max_size=_MAX_FORM_BYTES,
    )
    app[SITE] = Site(
        service,
        languages,
        Renderer(languages.values()),
        _hosts(service.config),
        behind_proxy,
        RateLimit(service.config.sign_ins_per_minute),
        RateLimit(service.config.sign_ins_per_minute),
        asyncio.Semaphore(_HASHES_AT_ONCE),
    )
    app[LOOK] = Look(service)
    app[COUNTER] = UsageCounter(service.registry, UsageFiles(service.directory.usage))
    directory, config = service.directory, service.config
    app[DESK] = Desk(
        directory,
        repository_place(config.repository, directory.root),
        config.upload_megabytes * 1_000_000,
        service.clock,
    )
    app.on_startup.append(_start)
    app.on_cleanup.append(_stop)
    app.on_response_prepare.append(guard.headers)
    app.add_routes(
        [
            web.get("", static_files.to_first_page),
            web.get("/", fleet.show_fleet),
            web.get("/schools.csv", fleet.download),
            web.get("/school", fleet.show_school),
            web.get("/sign-in", sign_in.show_sign_in),
            web.post("/sign-in", sign_in.sign_in),
            web.post("/sign-out", sign_in.sign_out),
            web.get("/account", sign_in.show_account),
            web.post("/account", sign_in.change_password),
            web.get("/usage", usage.show),
            web.get("/publish", publishing.show),
            web.post("/publish/files", publishing.receive),
            web.post("/publish/send", publishing.send),
            web.post("/publish/drop", publishing.drop),
            web.get("/static/{name:[a-z.]+}", static_files.static_file),
            web.get("/language/{code}", static_files.choose),
        ]
    )
    return app


def _hosts(config: HubConfig) -> frozenset[str]:
    names = [*config.hosts, config.address.host, urlsplit(config.url).hostname or ""]
    return frozenset(name.lower() for name in names if name)


async def _start(app: web.Application) -> None:
    await app[DESK].start()
    app[COUNTER].start()


async def _stop(app: web.Application) -> None:
    await app[COUNTER].stop()
    await app[DESK].stop()
