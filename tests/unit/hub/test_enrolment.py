from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.codec import decode_json
from core.errors import PackhorseError, RefusedError, UsageError
from core.token import EnrolReply, EnrolRequest, decode_token
from core.trust.roles import publisher_of
from hub.refusals import ConflictError, ForbiddenError
from hub.registry.database import Registry
from hub.registry.enrolment import enrol, list_nodes
from hub.registry.models import Migration
from hub.tokens import Terms, make_token, usual_place
from tests.support.clock import START, FixedClock
from tests.support.tiny_hub import TinyHub, TinyNode


def ask(hub: TinyHub, request: EnrolRequest) -> EnrolReply:
    return enrol(hub.service.registry, hub.id, request, hub.clock.wall())


def unchanged(hub: TinyHub, *nodes: TinyNode) -> bool:
    return {node.id for node in list_nodes(hub.service.registry)} == {node.id for node in nodes}


def test_a_token_enrols_a_node(hub: TinyHub) -> None:
    node = hub.node()
    reply = ask(hub, node.request(hub.token("珠海三小")))
    assert reply == EnrolReply(hub.id, node.id, "珠海三小")
    assert [one.school for one in list_nodes(hub.service.registry)] == ["珠海三小"]


def test_the_same_request_again_is_the_same_enrolment(hub: TinyHub) -> None:
    node, token = hub.node(), hub.token()
    first = ask(hub, node.request(token))
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(100 * 86400)
    assert ask(hub, node.request(token)) == first
    assert unchanged(hub, node)


def test_a_token_used_by_another_node_is_refused(hub: TinyHub) -> None:
    node, token = hub.node(), hub.token()
    ask(hub, node.request(token))
    with pytest.raises(ConflictError, match="Another node has used"):
        ask(hub, hub.node().request(token))
    assert unchanged(hub, node)


def test_an_expired_token_is_refused(hub: TinyHub) -> None:
    token = hub.token(days=1)
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(86400)
    with pytest.raises(ForbiddenError, match="expired on 2026-11-25"):
        ask(hub, hub.node().request(token))
    assert unchanged(hub)


def test_a_token_for_another_school_is_refused(hub: TinyHub) -> None:
    with pytest.raises(ForbiddenError, match="another school, not for school-2"):
        ask(hub, hub.node().request(hub.token("school-1"), school="school-2"))
    assert unchanged(hub)


def test_an_unknown_token_is_refused(hub: TinyHub, tmp_path: Path) -> None:
    other = TinyHub(tmp_path / "other")
    with pytest.raises(ForbiddenError, match="does not know"):
        ask(hub, hub.node().request(other.token()))


def test_a_request_without_the_secret_is_refused(hub: TinyHub) -> None:
    request = hub.node().request(hub.token())
    for proof in ("", "0" * 64, "中" * 20):
        with pytest.raises(ForbiddenError, match="does not prove"):
            ask(hub, msgspec.structs.replace(request, proof=proof))
    stolen = msgspec.structs.replace(request, public_key=hub.node().public_key)
    with pytest.raises(ForbiddenError, match="does not prove"):
        ask(hub, stolen)
    assert unchanged(hub)


@pytest.mark.parametrize("key", ["", "x", "AAAA", "A" * 44, "中文"])
def test_a_malformed_key_is_refused(hub: TinyHub, key: str) -> None:
    request = msgspec.structs.replace(hub.node().request(hub.token()), public_key=key)
    with pytest.raises(RefusedError, match="public_key"):
        ask(hub, request)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"token": 1}', b'{"token": "' + b"x" * 5000 + b'"}', b"[" * 3000, b"\xff"],
)
def test_a_malformed_request_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError, match="The request"):
        decode_json(body, EnrolRequest, what="The request", limit=4096)


def test_a_node_that_moves_takes_the_new_school(hub: TinyHub) -> None:
    node = hub.node()
    ask(hub, node.request(hub.token("school-1")))
    ask(hub, node.request(hub.token("school-2")))
    assert [one.school for one in list_nodes(hub.service.registry)] == ["school-2"]


def test_a_token_names_root_and_authority(hub: TinyHub) -> None:
    token = decode_token(hub.token())
    assert (token.root_version, token.authority) == (1, b"")
    assert token.root.hex() == hub.root_digest
    terms = Terms("https://hub.example:8443/")
    private = decode_token(make_token(hub.hub_directory, "s", terms, START).text)
    assert (private.hub, len(private.authority)) == ("https://hub.example:8443", 32)
    public = replace(terms, public_authority=True)
    assert decode_token(make_token(hub.hub_directory, "s", public, START).text).authority == b""


@pytest.mark.parametrize("school", ["", " x", "x" * 101, "a\nb"])
def test_a_token_is_not_made_for_no_school(hub: TinyHub, school: str) -> None:
    with pytest.raises(UsageError):
        make_token(hub.hub_directory, school, Terms(), START)


@pytest.mark.parametrize(
    "terms",
    [
        Terms("hub.example"),
        Terms("ftp://hub.example"),
        Terms("https://user@hub.example"),
        Terms("https://hub.example/?q"),
        Terms(place="gd/doumen"),
        Terms(place="Zhuhai"),
    ],
)
def test_a_token_is_not_made_for_nonsense(hub: TinyHub, terms: Terms) -> None:
    with pytest.raises(UsageError):
        make_token(hub.hub_directory, "s", terms, START)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (["gd/zhuhai"], "gd/zhuhai"),
        (["cn/-", "gd", "gd/zhuhai"], ""),
        (["gd", "gd/zhuhai"], "gd/zhuhai"),
        (["gd"], "gd"),
        (["cn/-"], "cn/-"),
        (["gd/zhuhai", "gd/doumen"], ""),
        ([], ""),
    ],
)
def test_the_usual_place_is_the_narrowest_publishers(places: list[str], expected: str) -> None:
    assert usual_place([publisher_of(place) for place in places]) == expected


def test_a_token_carries_its_place(hub: TinyHub) -> None:
    def place(terms: Terms) -> str:
        return decode_token(make_token(hub.hub_directory, "s", terms, START).text).place

    assert place(Terms()) == "gd/zhuhai"
    config = hub.hub_directory.config
    config.write_text(config.read_text() + 'place = "gd/zhuhai"\n')
    assert place(Terms()) == "gd/zhuhai"
    config.write_text(config.read_text().replace("gd/zhuhai", "gd/doumen"))
    with pytest.raises(UsageError, match="No publisher of this hub is responsible for gd/doumen"):
        place(Terms())


def test_the_registry_is_durable_and_checks_references(hub: TinyHub) -> None:
    with hub.service.registry.transaction() as session:
        pragma = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_registry_of_a_newer_packhorse_is_refused(tmp_path: Path) -> None:
    registry = Registry("r.db", tmp_path, START)
    with registry.transaction() as session:
        session.add(Migration(name="9999_future", applied=START))
    registry.close()
    with pytest.raises(RefusedError, match="newer Packhorse"):
        Registry("r.db", tmp_path, START)


def test_a_registry_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(RefusedError, match="damaged"):
        Registry("r.db", tmp_path, START)


def test_a_registry_with_an_unknown_driver_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be opened"):
        Registry("nonsense://x/y", tmp_path, START)


def test_the_registry_is_private_and_its_password_is_not_told(tmp_path: Path) -> None:
    """Whoever reads a token's key can enrol with it; errors go to strangers."""
    Registry("r.db", tmp_path, START).close()
    assert (tmp_path / "r.db").stat().st_mode & 0o077 == 0
    secret = f"sqlite://user:secret@/{tmp_path}"
    with pytest.raises(PackhorseError) as caught:
        Registry(secret, tmp_path, START)
    assert "secret" not in f"{caught.value} {caught.value.hint}".replace(str(tmp_path), "")
