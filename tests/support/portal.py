"""A running portal for tests, and a client that behaves like a browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from cache.clock import Clock
from cache.state import StateDirectory
from core.digest import Digest
from edge_client.config import NodeConfig
from edge_client.portal.server import running
from edge_client.portal.site import Site

CONFIG = NodeConfig(
    portal_listen=("127.0.0.1", 0),
    portal_content_listen=("127.0.0.1", 0),
    portal_hosts=("Lessons.School",),
)


@dataclass
class School:
    """A running portal, and a browser's client for it."""

    state: StateDirectory
    digests: dict[str, Digest]
    site: Site
    client: httpx.AsyncClient
    content: httpx.AsyncClient

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.site.ports.portal}"

    def media(self, path: str, suffix: str) -> str:
        return f"/media/{self.digests[path]}.{suffix}"


@asynccontextmanager
async def serving(
    state: StateDirectory,
    digests: dict[str, Digest],
    config: NodeConfig = CONFIG,
    clock: Clock | None = None,
) -> AsyncIterator[School]:
    """Run a portal and clients for it."""
    async with (
        running(state, config, clock=clock) as site,
        browser(site.ports.portal) as client,
        browser(site.ports.content) as content,
    ):
        yield School(state, digests, site, client, content)


@asynccontextmanager
async def sweeping(site: Site, *, idle_seconds: float) -> AsyncIterator[None]:
    """Let connections be silent for less while inside than the portal does itself."""
    sweeper = asyncio.get_running_loop().create_task(site.connections.sweep(idle_seconds))
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper


def browser(port: int) -> httpx.AsyncClient:
    """Make a client that keeps cookies, as a browser does."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Accept-Language": "en"},
        trust_env=False,
        timeout=60,
    )


def replace_file(path: Path, data: bytes) -> None:
    """Put another file in the place of the one that ``path`` leads to."""
    target = path.resolve()
    target.unlink()
    target.write_bytes(data)
