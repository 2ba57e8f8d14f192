"""Enrolment: from a token to a node that trusts a repository and may upload.

Order: what can fail by others' doing comes first, and ``identity.json`` is written last, so a
node is enrolled wholly or not at all. The key is made first and kept: with it a retry is the
same enrolment at the hub.
"""

import hashlib
import hmac
import ipaddress
import time
from typing import Final

import httpx
import msgspec
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from cache import durable
from cache.clock import Clock
from cache.state import StateDirectory
from core.codec import decode_json
from core.errors import RefusedError, UsageError
from core.token import (
    EnrolReply,
    EnrolRequest,
    Token,
    decode_token,
    enrolment_key,
    enrolment_proof,
    hub_name,
    token_name,
)
from core.trust.roles import MAX_ROOT_BYTES, metadata_path
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.hub_api import post
from sync.identity import (
    AUTHORITY_NAME,
    Identity,
    find_enrolment_key,
    find_identity,
    forget_identity,
    make_key,
    public_text,
    save_enrolment_key,
    save_identity,
)
from sync.patience import Timing
from sync.tls import Tls, unused, unverified, verified
from sync.trust import current_time
from sync.trust.floor import forget_floor
from sync.trust.stage import begin_trust, is_begun_with
from sync.use import Use

_MAX_AUTHORITY_BYTES: Final = 64 * 1024
_MAX_REPLY_BYTES: Final = 16 * 1024
_AUTHORITY_PATH: Final = "v1/authority.pem"
_ENROL_PATH: Final = "v1/enrol"


def enrol(
    state: StateDirectory,
    token_text: str,
    clock: Clock,
    *,
    again: bool = False,
    use: Use | None = None,
) -> Identity:
    """Enrol this node with a token; a retry with the same token is the same enrolment.

    Args:
        state: the node's state directory, made when missing.
        token_text: the token as a person pasted it.
        clock: the machine's clocks.
        again: leave the present hub for the token's; content stays, trust begins anew.
        use: counts what travels; None where nobody looks after it.

    Raises:
        RefusedError: the token, the root or the authority is not what it should be, or the hub
            refuses the token.
        UnavailableError: the hub cannot be reached.
        UsageError: the node is enrolled elsewhere and ``again`` is not set.
        ExhaustedError: the disk is full, broken or read-only.
    """
    token = decode_token(token_text)
    is_encrypted = check_address(token.hub)
    present = present_identity(state, token, again=again)
    if present is not None and not present.pending:
        return present
    state.create()
    timing = Timing(clock.monotonic, time.sleep)
    authority = _authority(token, timing, use) if token.authority else ""
    tls = _tls(state, clock, token, authority) if is_encrypted else unused()
    client = HttpClient(token.hub, tls, timing, use)
    try:
        root = _root(token, client)
        reply = ask(client, request_of(state, token))
    finally:
        client.close()
    if token.root_version == 1 and reply.hub != hub_name(root):
        raise RefusedError(
            "The hub answers as another hub than the token's.", hint="Ask for a new token."
        )
    return write_enrolment(state, token, root, authority, identity_of(token, reply))


def present_identity(state: StateDirectory, token: Token, *, again: bool) -> Identity | None:
    """Give who the node is when this token has enrolled it already; None when it is nobody.

    Raises:
        UsageError: it is enrolled with another token and ``again`` is not set.
    """
    present = find_identity(state)
    if present is None or present.token == token_name(enrolment_key(token.secret)):
        return present
    if again:
        return None
    raise UsageError(
        "This node is enrolled at {url} for school {school} already.",
        hint="To move it to the hub of the new token, enrol with --again.",
        url=present.url,
        school=present.school,
    )


def check_address(url: str) -> bool:
    """Refuse to send a secret in the clear; say whether the address is encrypted."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _wrong_address(url) from error
    if address.scheme not in {"https", "http"} or not address.host or address.userinfo:
        raise _wrong_address(url)
    if address.scheme == "https":
        return True
    if address.host != "localhost" and not _is_loopback(address.host):
        raise RefusedError(
            "The token's hub {url} is not encrypted.",
            hint="Ask for a token whose address begins with https://.",
            url=url[:200],
        )
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong_address(url: str) -> RefusedError:
    return RefusedError(
        "The token's hub {url} is not a web address.", hint="Ask for a new token.", url=url[:200]
    )


def _authority(token: Token, timing: Timing, use: Use | None) -> str:
    """Fetch the hub's own authority from whoever answers; the token tells whether it is it."""
    source = HttpSource(HttpClient(token.hub, unverified(), timing, use))
    try:
        data = source.read(_AUTHORITY_PATH, _MAX_AUTHORITY_BYTES)
    finally:
        source.close()
    if not hmac.compare_digest(hashlib.sha256(data).digest(), token.authority):
        raise RefusedError(
            "Whoever answers at {url} is not the hub that made the token.",
            hint="A login page or a filter may be in the way; otherwise ask for a new token.",
            url=token.hub,
        )
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise RefusedError("The hub's authority is not a certificate.") from error


def _tls(state: StateDirectory, clock: Clock, token: Token, authority: str) -> Tls:
    moment, clock_verified = current_time(state, clock)
    return verified(authority, token.hub, moment, clock_verified=clock_verified)


def _root(token: Token, client: HttpClient) -> bytes:
    path = metadata_path("root", token.root_version)
    data = HttpSource(client).read(path, MAX_ROOT_BYTES)
    if not hmac.compare_digest(hashlib.sha256(data).digest(), token.root):
        raise RefusedError(
            "{path} of {url} is not the root that the token names.",
            hint="Ask the hub's admin for a new token; if it happens again, someone interferes.",
            path=path,
            url=token.hub,
        )
    try:
        metadata = Metadata[Root].from_bytes(data)
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError, AttributeError) as error:
        raise RefusedError(
            "{path} of {url} is not a signed root.",
            hint="Tell the hub's admin.",
            path=path,
            url=token.hub,
        ) from error
    return data


def request_of(state: StateDirectory, token: Token) -> EnrolRequest:
    """Make the request that enrols this node with a token; its key is made when missing."""
    return make_request(state, token.school, enrolment_key(token.secret))


def make_request(state: StateDirectory, school: str, key: bytes) -> EnrolRequest:
    """Make the request that enrols this node.

    Args:
        state: the node's state directory.
        school: the school's id.
        key: the token's enrolment key.
    """
    public = public_text(make_key(state))
    return EnrolRequest(
        token=token_name(key),
        school=school,
        public_key=public,
        proof=enrolment_proof(key, school, public),
    )


def ask(client: HttpClient, request: EnrolRequest) -> EnrolReply:
    """Ask the hub to enrol this node.

    Raises:
        RefusedError: the hub refuses, or answers for another school.
        UnavailableError: the hub cannot be reached.
    """
    data = post(
        client, _ENROL_PATH, msgspec.json.encode(request), "application/json", _MAX_REPLY_BYTES
    )
    reply = decode_json(data, EnrolReply, what="The hub's answer", limit=_MAX_REPLY_BYTES)
    if reply.school != request.school:
        raise RefusedError(
            "The hub answers for school {found}, the token is for {school}.",
            hint="Ask for a new token.",
            found=repr(reply.school),
            school=repr(request.school),
        )
    return reply


def identity_of(
    token: Token, reply: EnrolReply, *, name: str = "", pending: bool = False
) -> Identity:
    """Give who the node is by a token and the hub's answer."""
    return Identity(
        url=token.hub,
        hub=reply.hub,
        node=reply.node,
        school=reply.school,
        token=token_name(enrolment_key(token.secret)),
        root_version=token.root_version,
        authority=AUTHORITY_NAME if token.authority else "",
        name=name,
        pending=pending,
        place=token.place,
    )


def write_enrolment(
    state: StateDirectory, token: Token, root: bytes, authority: str, identity: Identity
) -> Identity:
    """Write down an enrolment; ``identity.json``, which makes it one, comes last.

    Args:
        state: the node's state directory.
        token: the token that enrols.
        root: bytes of the root that it names.
        authority: the certificate of the hub's own authority; empty for a public one.
        identity: who the node is then.
    """
    if not is_begun_with(state.trust, root):
        forget_identity(state)
        forget_floor(state.root)
        begin_trust(state.trust, root)
    if authority:
        durable.write_file(state.keys / AUTHORITY_NAME, authority.encode("ascii"))
    key = enrolment_key(token.secret)
    if find_enrolment_key(state) not in {None, key}:
        # Killed between the two files, no identity may stand beside another token's key.
        forget_identity(state)
    save_enrolment_key(state, key)
    save_identity(state, identity)
    return identity
