"""Enrolment: the token that an admin hands to a school, and the proof that a node holds it.

A token is text that carries hub address, school, a 128-bit secret and the SHA-256 of the root,
so that first trust needs no second channel. The hub keeps only the enrolment key, which is the
SHA-256 of the secret; the node proves it by an HMAC over its public key, so a token used again
by the same node is the same enrolment, and by another is refused.
"""

import base64
import hashlib
import hmac
from typing import Annotated, Final

import msgspec

from core.codec import decode_msgpack
from core.digest import DIGEST_BYTES
from core.errors import RefusedError

SECRET_BYTES: Final = 16
MAX_TOKEN_CHARACTERS: Final = 2000
_PREFIX: Final = "ph1-"
_CHECK_BYTES: Final = 4
_PURPOSE: Final = b"packhorse enrolment 1"

_Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token carries.

    Attributes:
        hub: base address of the hub, such as ``https://hub.example:8443``.
        school: the school's id at the hub.
        secret: 16 random bytes.
        root_version: version of the root whose digest follows.
        root: SHA-256 of that root's bytes.
        authority: SHA-256 of the certificate (PEM bytes) that signs the hub's TLS certificate;
            empty when public authorities do.
        place: whose assignments the school follows, such as ``gd/zhuhai``; empty for those of
            every publisher.
    """

    hub: Annotated[str, msgspec.Meta(max_length=500)]
    school: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    secret: Annotated[bytes, msgspec.Meta(min_length=SECRET_BYTES, max_length=SECRET_BYTES)]
    root_version: Annotated[int, msgspec.Meta(ge=1)]
    root: _Digest
    authority: Annotated[bytes, msgspec.Meta(max_length=DIGEST_BYTES)] = b""
    place: Annotated[str, msgspec.Meta(max_length=130)] = ""


class EnrolRequest(msgspec.Struct, frozen=True):
    """What a node sends to enrol; may travel by line or by stick."""

    token: Annotated[str, msgspec.Meta(max_length=64)]
    school: Annotated[str, msgspec.Meta(max_length=100)]
    public_key: Annotated[str, msgspec.Meta(max_length=64)]
    proof: Annotated[str, msgspec.Meta(max_length=64)]


class EnrolReply(msgspec.Struct, frozen=True):
    """What the hub answers."""

    hub: Annotated[str, msgspec.Meta(max_length=64)]
    node: Annotated[str, msgspec.Meta(max_length=64)]
    school: Annotated[str, msgspec.Meta(max_length=100)]


def encode_token(token: Token) -> str:
    """Write a token as one word that can be pasted, with a check against typing errors."""
    body = msgspec.msgpack.encode(token)
    check = hashlib.sha256(body).digest()[:_CHECK_BYTES]
    return _PREFIX + base64.urlsafe_b64encode(body + check).decode().rstrip("=")


def decode_token(text: str) -> Token:
    """Read a token as a person pasted it; white space is ignored.

    Raises:
        RefusedError: it is not a token, or was mistyped or cut.
    """
    word = "".join(text[: 2 * MAX_TOKEN_CHARACTERS].split())
    hint = "Copy the whole token again; it begins with ph1-."
    if not word.startswith(_PREFIX) or len(word) > MAX_TOKEN_CHARACTERS:
        raise RefusedError("This is not an enrolment token.", hint=hint)
    word = word.removeprefix(_PREFIX)
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise RefusedError("The enrolment token has been mistyped.", hint=hint) from error
    body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    if hashlib.sha256(body).digest()[:_CHECK_BYTES] != check:
        raise RefusedError("The enrolment token has been mistyped or cut.", hint=hint)
    return decode_msgpack(body, Token, what="The enrolment token", limit=MAX_TOKEN_CHARACTERS)


def enrolment_key(secret: bytes) -> bytes:
    """Derive what the hub stores from a token's secret; 32 bytes."""
    return hashlib.sha256(_PURPOSE + secret).digest()


def token_name(key: bytes) -> str:
    """Name a token without telling its secret; 16 hexadecimal digits."""
    return hashlib.sha256(b"name" + key).hexdigest()[:16]


def enrolment_proof(key: bytes, school: str, public_key: str) -> str:
    """Prove possession of a token for one public key (base64 of 32 bytes)."""
    message = msgspec.msgpack.encode((_PURPOSE, school, public_key))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def node_name(public_key: bytes) -> str:
    """Derive a node's id from its Ed25519 public key; 16 hexadecimal digits."""
    return hashlib.sha256(b"packhorse node" + public_key).hexdigest()[:16]


def hub_name(first_root: bytes) -> str:
    """Derive a hub's id from the bytes of its root's version 1; 16 hexadecimal digits.

    It stays the same when root's keys are rotated, and nobody else can claim it.
    """
    return hashlib.sha256(first_root).hexdigest()[:16]
