"""Where the air classroom answers."""

from aiohttp import web

from edge_client.portal.air import pages, playlists
from edge_client.portal.air.addresses import CHANNEL


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get("/air", pages.slash),
        web.get("/air/", pages.home),
        web.get(
            # Nine digits are a century of slate; the longest holidays have 1.4 million.
            "/air/slate/{name:pictures|sound}/{number:head|0|[1-9][0-9]{0,8}}.mp4",
            playlists.slate_segment,
        ),
        web.get(f"/air/{CHANNEL}.m3u8", playlists.pictures),
        web.get(f"/air/{CHANNEL}/audio.m3u8", playlists.sound),
        web.get(f"/air/{CHANNEL}/start.m3u8", playlists.start),
        web.get(f"/air/{CHANNEL}/last30.m3u8", playlists.last_half_hour),
        web.get(f"/air/{CHANNEL}/from-{{first:[0-9]{{1,18}}}}.m3u8", playlists.whole),
        web.get(f"/air/{CHANNEL}.json", pages.state),
        web.get(f"/air/{CHANNEL}", pages.channel),
    ]
