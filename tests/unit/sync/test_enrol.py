"""Enrolment happens wholly or not at all, and only with the hub that made the token."""

import hashlib
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from cache.state import StateDirectory
from core.errors import RefusedError, UnavailableError, UsageError
from core.token import (
    EnrolReply,
    EnrolRequest,
    Token,
    encode_token,
    enrolment_key,
    enrolment_proof,
    hub_name,
    node_name,
    token_name,
)
from hub import tls
from sync.directory_source import DirectorySource
from sync.enrol import enrol
from sync.identity import find_identity, load_identity, load_key, public_bytes
from sync.trust.floor import read_floor
from tests.support.clock import FixedClock
from tests.support.http_repository import PORTAL, Answer, Fault, HttpRepository
from tests.support.node_state import Node
from tests.support.tiny_repository import TinyRepository, publish_files

SECRET = b"0123456789abcdef"
PACK = "demo/county/fish"


class Hub:
    """Enrols as the real one does: one key for each token, again and again."""

    def __init__(self, path: Path, server: HttpRepository, tiny: TinyRepository) -> None:
        self.tiny = tiny
        self.server = server
        self.path = path
        self.scheme = "http"
        self.host = "127.0.0.1"
        self.keys: dict[str, str] = {}
        self.school = "school"
        self.name = hub_name(tiny.root)
        server.posts = self.post

    def token(self, **changes: object) -> str:
        url = self.server.url.replace("http://127.0.0.1", f"{self.scheme}://{self.host}")
        token = Token(url, "school", SECRET, 1, bytes.fromhex(self.tiny.root_digest))
        return encode_token(msgspec.structs.replace(token, **changes))

    def post(self, path: str, data: bytes) -> Answer:
        assert path == "v1/enrol"
        request = msgspec.json.decode(data, type=EnrolRequest)
        for secret in (SECRET, b"another secret!!"):
            key = enrolment_key(secret)
            if request.token == token_name(key):
                assert request.proof == enrolment_proof(key, request.school, request.public_key)
        if self.keys.setdefault(request.token, request.public_key) != request.public_key:
            return answer(409, {"error": "This token was used by another node.", "hint": "New."})
        return answer(200, EnrolReply(self.name, node_name(b"x"), self.school))


def answer(status: int, value: object) -> Answer:
    return Answer(status, msgspec.json.encode(value), {"Content-Type": "application/json"})


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    tiny = TinyRepository(tmp_path / "tiny")
    publish_files(tiny, PACK, {"a": b"a"}, 1)
    with HttpRepository(tiny.directory) as server:
        yield Hub(tmp_path, server, tiny)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "node")


CLOCK = FixedClock()


def nothing_happened(state: StateDirectory) -> None:
    """Check that the node is as if never touched, but for its key."""
    assert find_identity(state) is None
    assert not state.trust.is_dir() or list(state.trust.iterdir()) == []
    assert not (state.keys / "authority.pem").exists()


def test_an_enrolled_node_trusts_the_repository(hub: Hub, state: StateDirectory) -> None:
    identity = enrol(state, hub.token(), CLOCK)
    assert identity == load_identity(state)
    assert (identity.hub, identity.school) == (hub.name, "school")
    assert SECRET.hex() not in (state.root / "identity.json").read_text()
    node = Node(state, CLOCK)
    assert node.pull_from(DirectorySource(hub.tiny.directory)).exit_code == 0
    assert node.files(PACK) == {"a": b"a"}


def test_the_key_is_for_its_owner_alone_and_stays(hub: Hub, state: StateDirectory) -> None:
    enrol(state, hub.token(), CLOCK)
    key = public_bytes(load_key(state))
    assert stat.S_IMODE((state.keys / "node.pem").stat().st_mode) == 0o600
    enrol(state, hub.token(), CLOCK, again=True)
    assert public_bytes(load_key(state)) == key


def test_the_same_token_again_is_the_same_enrolment(hub: Hub, state: StateDirectory) -> None:
    first = enrol(state, hub.token(), CLOCK)
    hub.server.requests.clear()
    assert enrol(state, hub.token(), CLOCK) == first
    assert hub.server.requests == []


def test_another_token_needs_a_decision(hub: Hub, state: StateDirectory) -> None:
    enrol(state, hub.token(), CLOCK)
    other = hub.token(secret=b"another secret!!")
    with pytest.raises(UsageError, match=r"enrolled at .* already"):
        enrol(state, other, CLOCK)
    assert enrol(state, other, CLOCK, again=True).token != token_name(enrolment_key(SECRET))


def test_moving_to_another_repository_begins_trust_anew(
    hub: Hub, state: StateDirectory, tmp_path: Path
) -> None:
    enrol(state, hub.token(), CLOCK)
    node = Node(state, CLOCK)
    node.pull_from(DirectorySource(hub.tiny.directory))
    assert read_floor(state.root).root == 1
    other = TinyRepository(tmp_path / "other")
    publish_files(other, PACK, {"a": b"other"}, 1)
    with HttpRepository(other.directory) as server:
        there = Hub(tmp_path, server, other)
        enrol(state, there.token(secret=b"another secret!!"), CLOCK, again=True)
    assert read_floor(state.root).root == 0
    assert node.pull_from(DirectorySource(other.directory)).exit_code == 0
    assert node.files(PACK) == {"a": b"other"}


def test_an_enrolment_whose_answer_was_lost_can_be_repeated(
    hub: Hub, state: StateDirectory
) -> None:
    lost: list[Fault] = [Answer(503, b"", {})]
    hub.server.fault = lambda asked: lost.pop() if lost and asked.path == "v1/enrol" else None
    with pytest.raises(UnavailableError):
        enrol(state, hub.token(), CLOCK)
    nothing_happened(state)
    enrol(state, hub.token(), CLOCK)


def test_a_token_that_another_node_used(hub: Hub, state: StateDirectory, tmp_path: Path) -> None:
    enrol(StateDirectory(tmp_path / "other"), hub.token(), CLOCK)
    with pytest.raises(RefusedError) as caught:
        enrol(state, hub.token(), CLOCK)
    assert str(caught.value) == "This token was used by another node."
    assert caught.value.hint == "New."
    nothing_happened(state)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"root": b"x" * 32}, "is not the root that the token names"),
        ({"root_version": 9}, "has no file metadata/9.root.json"),
        ({"hub": "http://hub.example"}, "is not encrypted"),
        ({"hub": "ftp://hub.example"}, "not a web address"),
        ({"hub": "http://user:word@127.0.0.1"}, "not a web address"),
        ({"hub": "nonsense"}, "not a web address"),
        ({"hub": "http://[::1"}, "not a web address"),
        ({"hub": "http://127.0.0.1:9"}, "refuses connections"),
        ({"school": "other"}, "answers for school 'school', the token is for 'other'"),
        ({"authority": b"x" * 32}, "has no file v1/authority.pem"),
    ],
)
def test_wrong_tokens(
    hub: Hub, state: StateDirectory, changes: dict[str, object], words: str
) -> None:
    with pytest.raises((RefusedError, UnavailableError)) as caught:
        enrol(state, hub.token(**changes), CLOCK)
    assert words in str(caught.value)
    nothing_happened(state)


@pytest.mark.parametrize("text", ["", "ph1-", "ph1-AAAA", "hello", "ph1-" + "A" * 5000])
def test_mistyped_tokens(state: StateDirectory, text: str) -> None:
    with pytest.raises(RefusedError, match="token"):
        enrol(state, text, CLOCK)
    assert not state.root.exists()


@pytest.mark.parametrize(
    "fault",
    [
        PORTAL,
        Answer(200, b"{}", {}),
        Answer(200, b"", {}),
        Answer(500, b"oops", {}),
        Answer(404, b"", {}),
        Answer(400, b"<html>", {"Content-Type": "text/html"}),
        Answer(400, b"[[[[", {"Content-Type": "application/json"}),
    ],
)
def test_strange_answers(hub: Hub, state: StateDirectory, fault: Fault) -> None:
    hub.server.fault = lambda asked: fault if asked.path == "v1/enrol" else None
    with pytest.raises((RefusedError, UnavailableError)):
        enrol(state, hub.token(), CLOCK)
    nothing_happened(state)


def test_a_hub_that_claims_to_be_another(hub: Hub, state: StateDirectory) -> None:
    hub.name = "0" * 16
    with pytest.raises(RefusedError, match="another hub"):
        enrol(state, hub.token(), CLOCK)
    nothing_happened(state)


def test_a_root_that_is_not_signed_by_itself(hub: Hub, state: StateDirectory) -> None:
    root = hub.tiny.root.replace(b'"sig":"', b'"sig":"00', 1)
    hub.server.overlay["metadata/1.root.json"] = root
    token = hub.token(root=hashlib.sha256(root).digest())
    with pytest.raises(RefusedError, match="not a signed root"):
        enrol(state, token, CLOCK)
    nothing_happened(state)


def encrypted(hub: Hub, host: str, made: datetime) -> bytes:
    """Make the hub speak TLS under its own authority; give the authority."""
    authority = tls.new_authority("test", made)
    pair = tls.new_certificate(authority, [host], made, timedelta(days=30))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    files = hub.path / "cert.pem", hub.path / "key.pem"
    for file, data in zip(files, pair, strict=True):
        file.write_bytes(data)
    context.load_cert_chain(*files)
    hub.server.wrap(lambda listener: context.wrap_socket(listener, server_side=True))
    hub.server.overlay["v1/authority.pem"] = authority.certificate
    hub.scheme, hub.host = "https", "localhost"
    return authority.certificate


def pinned(authority: bytes) -> bytes:
    return hashlib.sha256(authority).digest()


NOW = datetime.now(UTC)


def test_the_hubs_own_authority_is_pinned(hub: Hub, state: StateDirectory) -> None:
    authority = encrypted(hub, "localhost", NOW)
    identity = enrol(state, hub.token(authority=pinned(authority)), CLOCK)
    assert (state.keys / identity.authority).read_bytes() == authority


def test_another_authority_is_refused(hub: Hub, state: StateDirectory) -> None:
    encrypted(hub, "localhost", NOW)
    with pytest.raises(RefusedError, match="is not the hub that made the token"):
        enrol(state, hub.token(authority=b"x" * 32), CLOCK)
    nothing_happened(state)


def test_a_certificate_of_nobody_we_know_is_refused(hub: Hub, state: StateDirectory) -> None:
    encrypted(hub, "localhost", NOW)
    with pytest.raises(UnavailableError, match="does not prove that it is the hub"):
        enrol(state, hub.token(), CLOCK)
    nothing_happened(state)


def test_a_certificate_for_another_name_is_refused(hub: Hub, state: StateDirectory) -> None:
    authority = encrypted(hub, "other.example", NOW)
    with pytest.raises(UnavailableError, match="does not prove that it is the hub"):
        enrol(state, hub.token(authority=pinned(authority)), CLOCK)
    nothing_happened(state)


@pytest.mark.parametrize("year", [1970, 2099])
def test_a_wrong_clock_does_not_spoil_a_good_certificate(
    hub: Hub, state: StateDirectory, year: int
) -> None:
    # Valid around the floor of trusted time; the machine's own clock is not asked.
    authority = encrypted(hub, "localhost", datetime(2026, 11, 20, tzinfo=UTC))
    clock = FixedClock()
    clock.set_wall(datetime(year, 1, 1, tzinfo=UTC), synchronised=False)
    assert enrol(state, hub.token(authority=pinned(authority)), clock).school == "school"


def test_a_certificate_that_had_expired_at_the_floor_is_refused(
    hub: Hub, state: StateDirectory
) -> None:
    authority = encrypted(hub, "localhost", datetime(2020, 1, 1, tzinfo=UTC))
    clock = FixedClock()
    clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    with pytest.raises(UnavailableError, match="its certificate was valid until 2020-01-31"):
        enrol(state, hub.token(authority=pinned(authority)), clock)
    nothing_happened(state)
