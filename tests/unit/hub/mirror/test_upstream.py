"""What an upstream may answer, and what a mirror makes of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import RefusedError, UnavailableError, UsageError
from hub.mirror.upstream import MissingError, SpoiltError, Upstream, open_upstream
from tests.support.http_repository import PORTAL, Answer, HttpRepository

LIMIT = 1000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpRepository]:
    (tmp_path / "tip").write_bytes(b"tip")
    with HttpRepository(tmp_path) as made:
        yield made


@pytest.fixture
def upstream(server: HttpRepository) -> Iterator[Upstream]:
    made = open_upstream(server.url)
    yield made
    made.close()


@pytest.mark.parametrize("tag", ["x" * 199 + "\r\n y", "y" * 300, "caf\xe9", "a\tb"])
def test_a_name_for_a_state_that_cannot_be_sent_back_is_forgotten(
    server: HttpRepository, upstream: Upstream, tag: str
) -> None:
    server.fault = lambda _: Answer(200, b"tip", {"ETag": tag})
    found = upstream.poll("tip", LIMIT, "")
    assert found is not None
    assert found.validator == ""
    assert upstream.poll("tip", LIMIT, found.validator) == found


def test_a_missing_file_is_missing_also_where_a_web_server_says_so_in_html(
    server: HttpRepository, upstream: Upstream
) -> None:
    server.fault = lambda _: Answer(404, b"<h1>Not Found</h1>", {"Content-Type": "text/html"})
    with pytest.raises(MissingError, match="has no file tip"):
        upstream.read("tip", LIMIT)
    server.fault = lambda _: PORTAL
    with pytest.raises(UnavailableError, match="a login page"):
        upstream.read("tip", LIMIT)


@pytest.mark.parametrize("status", [200, 416])
def test_a_file_that_is_shorter_than_it_should_be_says_nothing_about_others(
    server: HttpRepository, upstream: Upstream, status: int
) -> None:
    server.fault = lambda _: Answer(status, b"x")
    with pytest.raises(SpoiltError):
        list(upstream.open_range("tip", 1, 2))


def test_words_of_an_upstream_cannot_steer_a_terminal(
    server: HttpRepository, upstream: Upstream
) -> None:
    words = {"error": "no\x1b[2J\nnever {x}", "hint": "h" * 10_000}
    kind = {"Content-Type": "application/json"}
    server.posts = lambda *_: Answer(400, json.dumps(words).encode(), kind)
    with pytest.raises(RefusedError) as caught:
        upstream.post("v1/offers/gd", b"x")
    assert str(caught.value) == "no [2J never {x}"
    assert len(caught.value.hint) == 500
    server.posts = lambda *_: Answer(400, b"[" * 100_000, kind)
    with pytest.raises(UnavailableError, match="HTTP 400"):
        upstream.post("v1/offers/gd", b"x")


@pytest.mark.parametrize(
    "url", ["https://hub.example:99999", "https://[::1", "ftp://hub.example", "hub.example", "x:0"]
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a hub"):
        open_upstream(url)
