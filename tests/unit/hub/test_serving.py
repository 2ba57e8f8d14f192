import asyncio
import gzip
import json
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from obstore.store import MemoryStore

from core.digest import digest_of
from core.statement import Acknowledgement, decode_signed_batch
from core.token import EnrolReply
from hub.refusals import TooOftenError
from hub.repository import StoreRepository
from hub.serve.limits import RateLimit
from hub.serve.static import published_path
from tests.support.tiny_hub import TinyHub, statement
from tests.support.tiny_repository import publish_files

PACK = "gd/zhuhai/fish"
FILES = {"a.bin": bytes(range(256)) * 64}


def bundle(hub: TinyHub) -> Path:
    return next(hub.directory.glob("bundles/*/*"))


def url_of(hub: TinyHub, path: Path) -> str:
    return "/" + path.relative_to(hub.directory).as_posix()


async def test_files_are_served_whole_by_range_and_on_condition(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    data, path = bundle(hub).read_bytes(), url_of(hub, bundle(hub))
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        whole = await client.get(path)
        assert whole.content == data
        assert "content-encoding" not in whole.headers
        assert "immutable" in whole.headers["cache-control"]
        etag = whole.headers["etag"]
        assert etag.startswith('"')
        part = await client.get(path, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, data[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(data)}"
        tail = await client.get(path, headers={"Range": "bytes=-5"})
        assert tail.content == data[-5:]
        rest = await client.get(path, headers={"Range": "bytes=10-", "If-Range": etag})
        assert (rest.status_code, rest.content) == (206, data[10:])
        other = await client.get(path, headers={"Range": "bytes=10-", "If-Range": '"x"'})
        assert (other.status_code, other.content) == (200, data)
        beyond = await client.get(path, headers={"Range": f"bytes={len(data)}-"})
        assert beyond.status_code == 416
        same = await client.get(path, headers={"If-None-Match": etag})
        assert (same.status_code, same.content) == (304, b"")
        head = await client.head(path)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(data)))


async def test_what_changes_is_asked_for_again(hub: TinyHub) -> None:
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        first = await client.get("/tip")
        assert first.headers["cache-control"] == "no-cache"
        publish_files(hub, PACK, FILES, 1)
        second = await client.get("/tip", headers={"If-None-Match": first.headers["etag"]})
        assert second.status_code == 200
        assert second.content == (hub.directory / "tip").read_bytes()


async def raw(base: str, request: bytes) -> bytes:
    """Send bytes as they are, and read until the end."""
    parts = urlsplit(base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


async def test_a_poll_with_nothing_new_costs_400_bytes_at_most(hub: TinyHub) -> None:
    async with hub.serving() as base:
        async with httpx.AsyncClient(base_url=base, timeout=60) as client:
            etag = (await client.get("/tip")).headers["etag"]
        host = urlsplit(base).netloc
        request = (
            f"GET /tip HTTP/1.1\r\nHost: {host}\r\nUser-Agent: packhorse/0.1.0\r\n"
            f"If-None-Match: {etag}\r\nConnection: close\r\n\r\n"
        ).encode()
        answer = await raw(base, request)
    assert answer.startswith(b"HTTP/1.1 304 ")
    assert b"server" not in answer.lower()
    print(f"poll with nothing new: {len(request)} + {len(answer)} bytes")  # noqa: T201
    assert len(request) + len(answer) <= 400


NASTY = [
    "/",
    "//tip",
    "/tip/",
    "/hub.toml",
    "/../hub.toml",
    "/..%2fhub.toml",
    "/%2e%2e/hub.toml",
    "/%2e%2e%2fhub.toml",
    "/metadata/../../hub.toml",
    "/metadata/..%2f..%2fhub.toml",
    "/metadata/%2e%2e/%2e%2e/keys/root.pem",
    "/metadata/..\\..\\hub.toml",
    "/metadata/",
    "/metadata/1.root.json/",
    "/metadata/1.root.json%00",
    "/metadata/1%2eroot.json",
    "/metadata/.tmp-abc",
    "/incoming/gd.zhuhai.2.json",
    "/keys/root.pem",
    "/registry.db",
    "/bundles/",
    "/bundles/ab/../../../hub.toml",
    "/targets/gd/zhuhai/link",
    "/%74ip",
    "/tip%20",
    "/tip%0a",
    "/metadata/01.root.json",
    "/v1/../hub.toml",
    "/v1/%2e%2e/hub.toml",
]


@pytest.mark.parametrize("path", NASTY)
def test_nothing_outside_the_repository_has_a_path(path: str) -> None:
    assert published_path(path) is None


def test_an_assignment_is_served_and_no_other_strange_name() -> None:
    digest = "0" * 64
    wanted = f"targets/gd/zhuhai/{digest}.@assignment"
    assert published_path(f"/{wanted}") == wanted
    for name in ("@other", "@assignment.x", "@@assignment", "@"):
        assert published_path(f"/targets/gd/zhuhai/{digest}.{name}") is None


async def test_nasty_paths_are_not_found_and_leak_nothing(hub: TinyHub) -> None:
    (hub.directory / "incoming/gd.zhuhai.9.json").write_bytes(b"waiting")
    async with hub.serving() as base:
        for path in NASTY:
            request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
            answer = await raw(base, request)
            assert answer.split(b" ", 2)[1] in {b"404", b"400"}, path
            assert b"PRIVATE" not in answer
            assert b"listen" not in answer


async def test_a_symbolic_link_in_the_repository_is_not_followed(hub: TinyHub) -> None:
    secret = hub.hub_directory.root / "keys/root.pem"
    (hub.directory / "metadata/7.root.json").symlink_to(secret)
    folder = hub.directory / "bundles/ab"
    folder.symlink_to(hub.hub_directory.keys)
    name = "ab" + "0" * 62
    (hub.hub_directory.keys / name).write_bytes(b"secret")
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        for path in ("/metadata/7.root.json", f"/bundles/ab/{name}"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert b"PRIVATE" not in answer.content


async def test_a_compressed_sibling_is_never_served(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    path = bundle(hub)
    path.with_name(path.name + ".gz").write_bytes(b"other bytes")
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        answer = await client.get(url_of(hub, path), headers={"Accept-Encoding": "gzip, br"})
    assert answer.content == path.read_bytes()


async def test_what_is_put_into_incoming_is_published(hub: TinyHub) -> None:
    sequence, hub.sequence = hub.sequence, lambda: 0  # type: ignore[method-assign]
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        publish_files(hub, PACK, FILES, 1)
        for _ in range(600):
            if (await client.get("/v1/status")).json()["snapshot"] == 2:
                break
            await asyncio.sleep(0.1)
        assert (await client.get("/metadata/2.gd.zhuhai.json")).status_code == 200
    assert sequence() == 0


async def test_a_node_enrols_and_sends_statements(hub: TinyHub) -> None:
    node, token = hub.node(), hub.token()
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        request = msgspec.json.encode(node.request(token))
        answer = await client.post("/v1/enrol", content=request)
        assert answer.status_code == 200
        reply = msgspec.json.decode(answer.content, type=EnrolReply)
        assert reply == EnrolReply(hub.id, node.id, "school-1")
        batch = node.batch(1, [statement(), statement("seeked", 5)])
        sent = await client.post("/v1/statements", content=batch)
        assert sent.status_code == 200
        assert msgspec.json.decode(sent.content, type=Acknowledgement).contiguous == 2
        again = await client.post("/v1/enrol", content=request)
        assert again.content == answer.content
        other = await client.post(
            "/v1/enrol", content=msgspec.json.encode(hub.node().request(token))
        )
        assert (other.status_code, other.json()["error"]) == (
            409,
            "Another node has used this enrolment token already.",
        )
        assert other.json()["hint"]
        forged = node.batch(3, [statement()], signature=bytes(64))
        assert (await client.post("/v1/statements", content=forged)).status_code == 403
        assert (await client.post("/v1/statements", content=b"{}")).status_code == 400


async def test_large_requests_are_refused_unread(hub: TinyHub) -> None:
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        for path, size in (("/v1/enrol", 5000), ("/v1/statements", 1_100_000)):
            answer = await client.post(path, content=b"x" * size)
            assert answer.status_code == 413
            assert "too large" in answer.json()["error"]
        head = b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
        assert b" 413 " in await raw(base, head)
        long_header = b"GET /tip HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"
        assert b" 400 " in await raw(base, long_header)


async def test_a_client_that_never_ends_its_headers_is_cut_off(hub: TinyHub) -> None:
    """Slow attackers may not hold connections; others are served meanwhile."""
    async with hub.serving(idle=2) as base:
        parts = urlsplit(base)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(b"GET /tip HTTP/1.1\r\nHost: x\r\n")
        for _ in range(100):
            writer.write(b"X-Slow: 1\r\n")
            if reader.at_eof():
                break
            await asyncio.sleep(0.1)
        assert await reader.read() == b""
        writer.close()
        async with httpx.AsyncClient(base_url=base, timeout=60) as client:
            assert (await client.get("/tip")).status_code == 200


async def test_a_body_that_does_not_come_in_time_is_given_up() -> None:
    """The same for bodies: a bound on the whole, not on gaps."""
    from aiohttp import web

    from core.errors import UnavailableError
    from hub.serve.errors import errors_as_json
    from hub.serve.limits import read_body

    async def handler(request: web.Request) -> web.Response:
        with pytest.raises(UnavailableError, match="in time"):
            await read_body(request, 1000, seconds=0.2)
        return web.Response(text="given up")

    app = web.Application(middlewares=[errors_as_json])
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, lingering_time=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc"
    assert b"given up" in await raw(f"http://127.0.0.1:{runner.addresses[0][1]}", head)
    await runner.cleanup()


async def test_wrong_methods_and_addresses_are_said_in_json(hub: TinyHub) -> None:
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("POST", "/tip", 405),
            ("DELETE", "/tip", 405),
            ("PUT", "/v1/enrol", 405),
            ("POST", "/v1/enrol", 400),
        ):
            answer = await client.request(method, path)
            assert answer.status_code == status
            assert answer.json()["error"].endswith(".")


async def test_too_many_tries_to_enrol_are_put_off(tmp_path: Path) -> None:
    hub = TinyHub(tmp_path)
    with hub.hub_directory.config.open("a") as file:
        file.write("enrolments_per_minute = 3\n")
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        statuses = [(await client.post("/v1/enrol", content=b"{}")).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 429, 429]


async def test_behind_a_proxy_each_school_has_its_own_tries(tmp_path: Path) -> None:
    """Only the address that our own proxy wrote counts, not what the client wrote before."""
    hub = TinyHub(tmp_path, tls="proxy")
    with hub.hub_directory.config.open("a") as file:
        file.write("enrolments_per_minute = 1\n")
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        statuses = [
            (
                await client.post("/v1/enrol", content=b"{}", headers={"X-Forwarded-For": address})
            ).status_code
            for address in ("10.0.0.1", "10.0.0.2", "10.9.9.9, 10.0.0.1")
        ]
    assert statuses == [400, 400, 429]


def test_tries_come_back_with_time_and_addresses_do_not_share_them() -> None:
    limit = RateLimit(2)
    limit.check("a", 0)
    limit.check("a", 0)
    with pytest.raises(TooOftenError):
        limit.check("a", 1)
    limit.check("b", 1)
    limit.check("a", 40)


async def test_the_certificate_is_good_for_the_authority_alone(hub: TinyHub) -> None:
    async with hub.serving(tls=True) as base:
        assert base.startswith("https://")
        context = ssl.create_default_context(cafile=str(hub.hub_directory.authority))
        async with httpx.AsyncClient(base_url=base, verify=context, timeout=60) as client:
            status = (await client.get("/v1/status")).json()
            assert status["hub"] == hub.id
            pem = (await client.get("/v1/authority.pem")).content
        assert pem == hub.hub_directory.authority.read_bytes()
        async with httpx.AsyncClient(base_url=base, timeout=60) as client:
            with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                await client.get("/v1/status")


async def test_an_object_store_is_served_alike(hub: TinyHub) -> None:
    publish_files(hub, PACK, FILES, 1)
    store = MemoryStore()
    for file in hub.directory.rglob("*"):
        if file.is_file():
            store.put(file.relative_to(hub.directory).as_posix(), file.read_bytes())
    object.__setattr__(hub.service, "repository", StoreRepository(store))
    data, path = bundle(hub).read_bytes(), url_of(hub, bundle(hub))
    from aiohttp import web

    from hub.serve.app import HubApplication

    runner = web.AppRunner(HubApplication(hub.service, behind_proxy=False).build())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", timeout=60
    ) as client:
        whole = await client.get(path)
        assert whole.content == data
        part = await client.get(path, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, data[10:20])
        etag = whole.headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 304
        stale = await client.get(path, headers={"Range": "bytes=1-2", "If-Range": '"x"'})
        assert (stale.status_code, stale.content) == (200, data)
        assert (await client.get(path, headers={"Range": "bytes=999999-"})).status_code == 416
        assert (await client.get("/tip")).content == (hub.directory / "tip").read_bytes()
        assert (await client.get("/incoming/x")).status_code == 404
        assert (await client.get("/metadata/99.root.json")).status_code == 404
    await runner.cleanup()


def test_what_is_signed_is_what_is_named(hub: TinyHub) -> None:
    node = hub.enrol_node()
    batch = decode_signed_batch(node.batch(1, [statement()]))
    assert (batch.hub, batch.node) == (hub.id, node.id)
    assert hub.id == digest_of(hub.root)[:16]


async def test_one_connection_too_many_is_told_so_and_costs_the_others_nothing(
    tmp_path: Path,
) -> None:
    hub = TinyHub(tmp_path)
    with hub.hub_directory.config.open("a") as file:
        file.write("connections = 2\n")
    async with hub.serving() as base:
        parts = urlsplit(base)
        held = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(2)]
        for reader, writer in held:
            writer.write(b"GET /tip HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        answer = await raw(base, b"GET /tip HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["hint"]
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        async with httpx.AsyncClient(base_url=base, timeout=60) as client:
            assert (await client.get("/tip")).status_code == 200


async def test_slow_senders_do_not_keep_others_from_sending(hub: TinyHub) -> None:
    node = hub.enrol_node()
    head = b"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    async with hub.serving() as base:
        parts = urlsplit(base)
        held = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(40)]
        for _, writer in held:
            writer.write(head)
            await writer.drain()
        async with httpx.AsyncClient(base_url=base, timeout=20) as client:
            sent = await client.post("/v1/statements", content=node.batch(1, [statement()]))
        assert sent.status_code == 200
        for _, writer in held:
            writer.close()


async def test_a_body_that_claims_to_be_compressed_is_not_unpacked(hub: TinyHub) -> None:
    node = hub.enrol_node()
    body = gzip.compress(node.batch(1, [statement()]))
    async with hub.serving() as base, httpx.AsyncClient(base_url=base, timeout=60) as client:
        headers = {"Content-Encoding": "gzip"}
        answer = await client.post("/v1/statements", content=body, headers=headers)
        assert answer.status_code == 400
        bomb = gzip.compress(bytes(5_000_000))
        answer = await client.post("/v1/enrol", content=bomb[:4000], headers=headers)
        assert "cannot be read" in answer.json()["error"]
