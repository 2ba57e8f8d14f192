"""The page that brings other devices here: the address that works now, as a code and in letters."""

from functools import lru_cache
from typing import Final

from aiohttp import web

from edge_client.addresses import portal_addresses, portal_names, url
from edge_client.portal.pages import show
from edge_client.portal.site import SITE

# Read also when a corner of the print is torn or the screen has a reflection.
_CORRECTION: Final = "q"


async def qr(request: web.Request) -> web.Response:
    """Show the best address large, and the others below it."""
    ports = request.app[SITE].ports
    listen = (ports.host, ports.portal)
    found = proven_first(portal_addresses(listen), request)
    return await show(
        request,
        "qr.html",
        addresses=found,
        names=portal_names(listen),
        code=code(found[0]) if found else "",
    )


@lru_cache(maxsize=16)
def code(address: str) -> str:
    """Draw an address as a QR code: an SVG element that takes the size it is given.

    It holds strokes and nothing of the address's text.
    """
    # Here, not above: the first page does not wait for it.
    import segno  # noqa: PLC0415

    drawn = segno.make(address, error=_CORRECTION, micro=False)
    return drawn.svg_inline(omitsize=True, svgclass=None, lineclass=None, dark="#000", light="#fff")


def proven_first(addresses: list[str], request: web.Request) -> list[str]:
    """Put first the address by which the reader came: it works on the reader's network."""
    came = request.transport and request.transport.get_extra_info("sockname")
    if not came:
        return addresses
    by = url(str(came[0]), int(came[1]))
    return sorted(addresses, key=lambda one: one != by)
