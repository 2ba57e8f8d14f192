"""The two applications: pages and media on one port, lessons' own pages on the other."""

from typing import Final

from aiohttp import web

from edge_client.portal import (
    content,
    forms_page,
    media,
    mirror,
    pages,
    qr,
    searching,
    sign_in,
    static_files,
    usage,
)
from edge_client.portal.air.routes import routes as air_routes
from edge_client.portal.classes.routes import routes as class_routes
from edge_client.portal.security import (
    content_headers,
    errors_in_words,
    own_hosts_only,
    portal_headers,
)
from edge_client.portal.site import IS_CONTENT, SITE, Site
from edge_client.portal.teaching.routes import routes as teaching_routes

_PART: Final = "[a-z0-9-]{1,64}"
_PACK: Final = f"{{nation:{_PART}}}/{{county:{_PART}}}/{{name:{_PART}}}"
_ITEM: Final = "{item:[a-z0-9][a-z0-9-]{0,99}}"


def portal_application(site: Site) -> web.Application:
    """Make what answers on the portal's port."""
    app = _application(site, is_content=False)
    app.on_response_prepare.append(portal_headers)
    app.add_routes(
        [
            web.get("/", pages.home),
            web.get("/qr", qr.qr),
            web.get("/search", searching.search),
            web.get(f"/packs/{_PACK}", pages.pack),
            web.get(f"/packs/{_PACK}/{_ITEM}", pages.item),
            web.get(f"/packs/{_PACK}/{_ITEM}/download", media.download),
            web.get("/media/{digest:[0-9a-f]{64}}.{extension:[a-z0-9]{1,5}}", media.media),
            web.get("/static/{name:[a-z./]+}", static_files.static_file),
            web.get("/language/{code}", pages.choose),
            web.get("/health", pages.health),
            web.post("/usage", usage.post_usage),
            *air_routes(),
            *class_routes(),
            *sign_in.routes(),
            *teaching_routes(),
            *forms_page.routes(),
            *mirror.routes(),
        ]
    )
    return app


def content_application(site: Site) -> web.Application:
    """Make what answers on the second port."""
    app = _application(site, is_content=True)
    app.on_response_prepare.append(content_headers)
    address = f"/{_PACK}/{{version:[1-9][0-9]{{0,15}}}}/{_ITEM}/{{path:.*}}"
    app.router.add_get(address, content.lesson_file)
    return app


def _application(site: Site, *, is_content: bool) -> web.Application:
    app = web.Application(
        middlewares=[errors_in_words, own_hosts_only], client_max_size=usage.MAX_BODY_BYTES
    )
    app[SITE] = site
    app[IS_CONTENT] = is_content
    return app
