"""A browser without a script, signed in to a hub's pages.

async with admin_at(hub) as browser:
    page = await browser.get("")                 # below /admin/
    await browser.post("account", {"old": ..., "new": ...})
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from hub.passwords import keep
from hub.registry.admins import add_admin
from tests.support.tiny_hub import TinyHub

NAME = "李老师"
PASSWORD = "three grey donkeys"
_TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')
# At a low cost: many tests sign in.
KEPT = keep(PASSWORD, log_n=4)


class Browser:
    """Follows the rules of browsers: cookies, Origin; sends the token of the last page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.token = ""

    async def get(self, path: str, **options: object) -> httpx.Response:
        """Open a page below /admin/; redirections are followed."""
        answer = await self.client.get(f"/admin/{path}", follow_redirects=True, **options)  # type: ignore[arg-type]
        return self._read(answer)

    async def post(
        self, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """Send a form with the last page's token; a redirection is not followed."""
        answer = await self.client.post(
            f"/admin/{path}",
            data={"token": self.token} | (fields or {}),
            headers={"Origin": str(self.client.base_url).rstrip("/")} | headers,
        )
        return self._read(answer)

    async def upload(
        self, path: str, files: list[tuple[str, bytes]], **fields: str
    ) -> httpx.Response:
        """Send files with the last page's token, as a form for a folder does."""
        parts: list[tuple[str, tuple[str | None, bytes]]] = [
            (name, (None, text.encode())) for name, text in ({"token": self.token} | fields).items()
        ]
        parts += [("files", file) for file in files]
        answer = await self.client.post(
            f"/admin/{path}",
            files=parts,
            headers={"Origin": str(self.client.base_url).rstrip("/")},
        )
        return self._read(answer)

    async def sign_in(self, name: str = NAME, password: str = PASSWORD) -> httpx.Response:
        """Sign in through the form."""
        await self.get("sign-in")
        return await self.post("sign-in", {"name": name, "password": password})

    def _read(self, answer: httpx.Response) -> httpx.Response:
        is_page = "html" in answer.headers.get("content-type", "")
        if found := _TOKEN.search(answer.text if is_page else ""):
            self.token = found[1]
        return answer


def make_admin(hub: TinyHub, name: str = NAME) -> None:
    """Let somebody sign in."""
    add_admin(hub.service.registry, name, KEPT, hub.clock.wall())


@asynccontextmanager
async def visiting(hub: TinyHub, *, tls: bool = False) -> AsyncIterator[Browser]:
    """Serve a hub and open a browser that is not signed in; it reads English."""
    async with hub.serving(tls=tls) as base:
        authority: str | bool = str(hub.hub_directory.authority) if tls else True
        async with browser_at(base, authority) as browser:
            yield browser


@asynccontextmanager
async def browser_at(base: str, authority: str | bool = True) -> AsyncIterator[Browser]:
    """Open a browser at a hub that is served."""
    context = ssl.create_default_context(cafile=authority) if isinstance(authority, str) else True
    headers = {"Accept-Language": "en"}
    async with httpx.AsyncClient(
        base_url=base, verify=context, headers=headers, trust_env=False, timeout=60
    ) as client:
        yield Browser(client)


@asynccontextmanager
async def admin_at(hub: TinyHub, *, tls: bool = False) -> AsyncIterator[Browser]:
    """Serve a hub and sign its admin in."""
    make_admin(hub)
    async with visiting(hub, tls=tls) as browser:
        assert (await browser.sign_in()).status_code == 303
        await browser.get("account")
        yield browser
