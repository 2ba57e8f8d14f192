import asyncio
from collections.abc import Callable
from unittest.mock import Mock
from urllib.parse import urlsplit

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hub.pages import guard
from hub.pages.application import admin_application
from hub.pages.guard import encrypted_only
from tests.support.admin import Browser, admin_at, browser_at, make_admin, visiting
from tests.support.tiny_hub import TinyHub

FORM = {"old": "x", "new": "a new password", "again": "a new password"}


async def refused(browser: Browser, answer: httpx.Response) -> None:
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    # The session goes on.
    assert (await browser.get("")).url.path == "/admin/"


FOREIGN = ("https://evil.example", "null", "", "http://127.0.0.1:1", "http://localhost")
NAMES = ("evil.example", "hub.evil.example:80", "", "a b", "127.0.0.1.x.y")


async def test_a_form_of_another_origin_is_refused(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        for origin in FOREIGN:
            await refused(browser, await browser.post("account", FORM, Origin=origin))


async def test_a_form_without_an_origin_or_a_token_is_refused(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        token = browser.token
        bare = await browser.client.post("/admin/account", data={"token": token} | FORM)
        await refused(browser, bare)
        for wrong in ("", "0" * 64, "ключ"):
            browser.token = wrong
            await refused(browser, await browser.post("account", FORM))
        browser.token = token
        files = [("a.txt", b"x")]
        browser.token = "0" * 64
        await refused(browser, await browser.upload("account", files))


async def test_a_form_that_never_comes_holds_no_place(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_TOKEN_SECONDS", 0.1)
    async with visiting(hub) as browser:
        parts = urlsplit(str(browser.client.base_url))
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(
            f"POST /admin/sign-in HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Origin: http://{parts.netloc}\r\nContent-Length: 100\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken=".encode()
        )
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
            # Nor does the connection stay open for the rest.
            await reader.read()
        writer.close()


async def test_another_browsers_token_is_refused(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as one, browser_at(str(one.client.base_url)) as other:
        await one.sign_in()
        await other.sign_in()
        await other.get("account")
        await one.get("account")
        one.token = other.token
        await refused(one, await one.post("account", FORM))


async def test_signing_in_needs_the_doors_own_token(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as browser:
        answer = await browser.post("sign-in", {"name": "x", "password": "y"})
        assert answer.status_code == 403


async def test_under_tls_a_form_of_the_plain_origin_is_refused(hub: TinyHub) -> None:
    async with admin_at(hub, tls=True) as browser:
        plain = str(browser.client.base_url).replace("https:", "http:").rstrip("/")
        await refused(browser, await browser.post("account", FORM, Origin=plain))


async def test_a_name_that_is_not_the_hubs_gets_no_page(hub: TinyHub) -> None:
    make_admin(hub)
    async with visiting(hub) as browser:
        for host in NAMES:
            answer = await browser.client.get("/admin/sign-in", headers={"Host": host})
            assert answer.status_code in {400, 421}, host
            assert "password" not in answer.text


async def test_the_names_of_the_configuration_get_pages(hub: TinyHub) -> None:
    text = hub.hub_directory.config.read_text("utf-8")
    text = text.replace("hosts = []", 'hosts = ["Hub.Zhuhai.example"]')
    hub.hub_directory.config.write_text(text, "utf-8")
    async with visiting(hub) as browser:
        for host in ("hub.zhuhai.example", "HUB.zhuhai.example:443", "127.0.0.1:8443", "[::1]:1"):
            answer = await browser.client.get("/admin/sign-in", headers={"Host": host})
            assert answer.status_code == 200


async def test_behind_a_proxy_cookies_are_secure_and_only_its_https_origin_counts(
    hub: TinyHub,
) -> None:
    text = hub.hub_directory.config.read_text("utf-8")
    hub.hub_directory.config.write_text(text.replace('tls = "auto"', 'tls = "proxy"'), "utf-8")
    make_admin(hub)
    async with visiting(hub) as browser:
        first = await browser.get("sign-in")
        cookie = first.headers["set-cookie"]
        assert cookie.startswith("__Host-visit=")
        assert "Secure" in cookie
        origin = str(browser.client.base_url).rstrip("/")
        headers = {"Cookie": cookie.partition(";")[0], "Origin": origin}
        form = {"name": "x", "password": "y"}
        assert (await browser.post("sign-in", form, **headers)).status_code == 403
        headers["Origin"] = origin.replace("http:", "https:")
        assert (await browser.post("sign-in", form, **headers)).status_code == 401


async def test_every_answer_carries_the_strict_policy(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        for path in ("", "account", "nowhere", "static/admin.css", "sign-in"):
            answer = await browser.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "no-store" in answer.headers["cache-control"] or path.startswith("static")
        assert (await browser.get("nowhere")).status_code == 404
        assert (await browser.get("static/nothing.css")).status_code == 404


async def test_the_nodes_addresses_are_as_before(hub: TinyHub) -> None:
    async with visiting(hub) as browser:
        status = await browser.client.get("/v1/status")
        assert status.json()["hub"] == hub.id
        assert "content-security-policy" not in status.headers
        assert (await browser.client.get("/administration")).json()["error"]


async def test_methods_and_bodies_that_no_page_sends_are_refused(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        client = browser.client
        origin = {"Origin": str(client.base_url).rstrip("/")}
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            assert (await client.request(method, "/admin/account")).status_code == 405
        json = await client.post("/admin/account", json={"token": browser.token}, headers=origin)
        assert json.status_code == 400
        large = await browser.post("account", {"old": "x" * 100_000})
        assert large.status_code == 413
        for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
            bad = await client.post(
                "/admin/account", content=b"junk", headers=origin | {"Content-Type": kind}
            )
            assert bad.status_code in {400, 403}


async def test_a_broken_request_harms_nobody(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        parts = urlsplit(str(browser.client.base_url))
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(b"POST /admin/account HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab")
        await writer.drain()
        writer.close()
        del reader
        assert (await browser.get("")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.7", False),
        ("2001:db8::1", False),
    ],
)
async def test_without_tls_pages_open_on_the_hubs_own_machine_alone(
    hub: TinyHub, peer: str, allowed: bool
) -> None:
    app = admin_application(hub.service, behind_proxy=False)
    request = make_mocked_request(
        "GET", "/admin/sign-in", headers={"Host": "localhost"}, app=app,
        transport=Mock(**{"get_extra_info.side_effect": peer_of(peer)}),
    )  # fmt: skip
    answer = await encrypted_only(request, passed)
    assert answer.status == (200 if allowed else 403)


async def passed(request: web.Request) -> web.Response:
    """Stands for the page."""
    del request
    return web.Response()


def peer_of(peer: str) -> Callable[..., object]:
    """Say what a transport says of its other end."""
    known = {"peername": (peer, 5000)}
    return lambda name, default=None: known.get(name, default)


async def test_a_refusal_is_told_to_admins_in_its_own_words(hub: TinyHub) -> None:
    async with admin_at(hub) as browser:
        answer = await browser.post("publish/send", {"job": "0" * 16})
        assert answer.status_code == 409
        assert "This folder is not being published any more." in answer.text
