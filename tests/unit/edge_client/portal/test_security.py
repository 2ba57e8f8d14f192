"""Every rule of the portal's security, tried from outside."""

import asyncio
import re

import pytest

from cache.state import StateDirectory
from core.hosts import is_own_name, join_host, split_host
from edge_client.portal.server import running
from tests.support.course import PACK, make_course
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, School, sweeping

PAGES = ["/", f"/packs/{PACK}", f"/packs/{PACK}/video", f"/packs/{PACK}/later", "/nowhere",
         "/health", "/static/portal.css"]  # fmt: skip


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "192.168.4.1:8080", "[fe80::1]", "[::1]:80", "localhost:81", "school.lan",
     "packhorse.local", "Packhorse.LOCAL:80", "lessons.school"],
)  # fmt: skip
async def test_own_names_are_answered(school: School, host: str) -> None:
    assert (await school.client.get("/", headers={"Host": host})).status_code == 200
    assert (await school.content.get("/", headers={"Host": host})).status_code == 404


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "local", "xlan", "lan",
     "school.lan.evil.example", "localhost.evil.example", "", "a b", "x" * 300 + ".lan",
     "[::1", "school.lan:999999", "school.lan/x", "1.2.3.4.5"],
)  # fmt: skip
async def test_foreign_names_are_refused_with_a_sentence(school: School, host: str) -> None:
    for client in (school.client, school.content):
        answer = await client.get("/", headers={"Host": host})
        assert answer.status_code in {400, 421}
        assert "Mathematics" not in answer.text
    if answer.status_code == 421:
        assert "This name does not belong to this node" in answer.text


async def test_two_hosts_are_refused(school: School) -> None:
    request = b"GET / HTTP/1.1\r\nHost: school.lan\r\nHost: evil.example\r\n\r\n"
    assert (await raw(school, request)).split()[1] in {b"400", b"421"}


async def test_a_request_without_host_is_refused(school: School) -> None:
    assert (await raw(school, b"GET / HTTP/1.0\r\n\r\n")).split()[1] in {b"400", b"421"}


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_carries_the_security_headers(school: School, path: str) -> None:
    headers = (await school.client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Server"] == "Packhorse"
    policy = headers["Content-Security-Policy"]
    content = f"http://127.0.0.1:{school.site.ports.content}"
    assert "default-src 'self';" in policy
    assert f"frame-src 'self' {content};" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_pages_have_no_inline_script_or_style(school: School) -> None:
    for path in PAGES[:5]:
        text = (await school.client.get(path)).text
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_pages_can_only_be_read(school: School, method: str) -> None:
    answer = await school.client.request(method, "/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "This address can only be read." in answer.text


async def test_reading_usage_is_not_allowed(school: School) -> None:
    answer = await school.client.get("/usage")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_the_portals_cookie_is_out_of_reach(school: School) -> None:
    answer = await school.client.get(f"/packs/{PACK}/video")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(
    "request_bytes",
    [b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x.lan\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x.lan\r\nX: " + b"a" * 10_000 + b"\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x.lan\r\n" + b"X: y\r\n" * 500 + b"\r\n",
     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
)  # fmt: skip
async def test_oversized_or_foreign_requests_are_refused(
    school: School, request_bytes: bytes
) -> None:
    answer = await raw(school, request_bytes)
    assert answer.split()[1].startswith(b"4")
    assert b"Traceback" not in answer
    assert b"aiohttp" not in answer.partition(b"\r\n\r\n")[2]


async def test_a_bug_gives_a_sentence_and_no_trace(
    school: School, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(school.site.lessons, "packs", broken)
    answer = await school.client.get("/")
    assert answer.status_code == 500
    assert "It is our mistake, not yours." in answer.text
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


async def test_a_connection_that_sends_half_a_request_is_closed(state: StateDirectory) -> None:
    make_state(state.root)
    async with running(state, CONFIG, idle_seconds=0.1) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.ports.portal)
        writer.write(b"GET / HTTP/1.1\r\nHost: x.lan\r\n")
        await writer.drain()
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()


async def test_a_reader_that_takes_its_time_keeps_its_connection(
    state: StateDirectory, picture: bytes
) -> None:
    size = 30_000_000
    digests = make_course(state.root, bytes(size), picture)
    path = f"/media/{digests['01 认识分数.mp4']}.mp4"
    async with running(state, CONFIG) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.ports.portal, limit=1024)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x.lan\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        # Only now: until it is answered, it is silent for as long as this machine takes.
        async with sweeping(site, idle_seconds=0.1):
            await asyncio.sleep(1)
        rest = await asyncio.wait_for(reader.readexactly(size), 60)
        assert len(rest) == size
        writer.close()


async def test_a_browser_that_goes_amid_a_report_leaves_no_line_in_the_log(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", school.site.ports.portal)
    head = f"POST /usage HTTP/1.1\r\nHost: 127.0.0.1:{school.site.ports.portal}\r\n"
    writer.write(f"{head}Origin: {school.origin}\r\nContent-Length: 99\r\n\r\n{{".encode())
    await writer.drain()
    (await school.client.get("/health")).raise_for_status()
    writer.transport.abort()
    for _ in range(5):
        (await school.client.get("/health")).raise_for_status()
    assert "cannot be answered" not in caplog.text


async def raw(school: School, request: bytes) -> bytes:
    """Send bytes that no client library would; give the answer's beginning."""
    reader, writer = await asyncio.open_connection("127.0.0.1", school.site.ports.portal)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(65536), 30)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("header", "expected"),
    [("School.LAN:8080", ("school.lan", 8080)), ("1.2.3.4", ("1.2.3.4", 80)),
     ("[::1]:81", ("[::1]", 81)), ("a:b", None), ("", None), ("a@b", None)],
)  # fmt: skip
def test_a_host_header_is_split(header: str, expected: tuple[str, int] | None) -> None:
    assert split_host(header) == expected


def test_the_usual_port_is_not_written() -> None:
    assert (join_host("a.lan", 80), join_host("a.lan", 81)) == ("a.lan", "a.lan:81")


def test_a_configured_name_is_own() -> None:
    assert is_own_name("lessons.school", frozenset({"lessons.school"}))
    assert not is_own_name("lessons.school", frozenset())
