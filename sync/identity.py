"""Who this node is: its key, and the hub, school and name that enrolment gave it."""

import base64
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from cache import durable
from cache.state import StateDirectory
from core.codec import decode_json
from core.errors import NoStateError, RefusedError

_MAX_BYTES: Final = 64 * 1024
_KEY_NAME: Final = "node.pem"
_ENROLMENT_KEY_NAME: Final = "enrolment.key"
_IDENTITY_NAME: Final = "identity.json"
AUTHORITY_NAME: Final = "authority.pem"
ENROLMENT_KEY_BYTES: Final = 32
_Text = Annotated[str, msgspec.Meta(max_length=500)]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What enrolment gave.

    Attributes:
        url: base address of the hub.
        hub: the hub's id.
        node: this node's id at the hub.
        school: the school's id at the hub.
        token: name of the token that enrolled this node, which does not tell its secret.
        root_version: version of the root that the token named.
        authority: name of the file in ``keys/`` with the hub's own authority; empty when the
            system's authorities vouch for the hub.
        place: whose assignments the school follows, such as ``gd/zhuhai``; empty for those that
            name it.
        name: the school's name for people, as its setup file says; may be empty.
        pending: enrolled from a setup file, and the hub has not answered yet. The node works;
            its enrolment request goes out by stick or by line, before its statements.
    """

    url: _Text
    hub: _Text
    node: _Text
    school: _Text
    token: _Text
    root_version: Annotated[int, msgspec.Meta(ge=1)]
    authority: _Text = ""
    place: _Text = ""
    name: _Text = ""
    pending: bool = False


def load_identity(state: StateDirectory) -> Identity:
    """Read who this node is.

    Raises:
        NoStateError: it is not enrolled.
        RefusedError: the file is damaged.
    """
    found = find_identity(state)
    if found is None:
        raise NoStateError(
            "This machine is not enrolled yet: there is no node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(state.root),
        )
    return found


def find_identity(state: StateDirectory) -> Identity | None:
    """Read who this node is, or give None when it is not enrolled.

    Raises:
        RefusedError: the file is damaged.
    """
    try:
        data = (state.root / _IDENTITY_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return decode_json(data, Identity, what=_IDENTITY_NAME, limit=_MAX_BYTES)


def save_identity(state: StateDirectory, identity: Identity) -> None:
    """Write who this node is, durably; this is what makes it enrolled."""
    data = msgspec.json.format(msgspec.json.encode(identity))
    durable.write_file(state.root / _IDENTITY_NAME, data + b"\n")


def forget_identity(state: StateDirectory) -> None:
    """Stop being enrolled; the key stays."""
    durable.remove(state.root / _IDENTITY_NAME)


def save_enrolment_key(state: StateDirectory, key: bytes) -> None:
    """Keep the token's enrolment key, which receipts on sticks are checked with."""
    durable.write_file(state.keys / _ENROLMENT_KEY_NAME, key, mode=0o600)


def find_enrolment_key(state: StateDirectory) -> bytes | None:
    """Read the enrolment key; None on a node that was enrolled before it was kept."""
    try:
        key = (state.keys / _ENROLMENT_KEY_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return key if len(key) == ENROLMENT_KEY_BYTES else None


def load_key(state: StateDirectory) -> Ed25519PrivateKey:
    """Read the node's key.

    Raises:
        NoStateError: it has none.
        RefusedError: the file is damaged.
    """
    path = state.keys / _KEY_NAME
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoStateError(
            "This node has no key: {path} is missing.",
            hint="Run `packhorse node enrol` with a new token.",
            path=str(path),
        ) from error
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise _damaged_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _damaged_key(path)
    return key


def _damaged_key(path: object) -> RefusedError:
    return RefusedError(
        "The node's key {path} is damaged.",
        hint="Restore it from a backup, or move it away and enrol with a new token.",
        path=str(path),
    )


def make_key(state: StateDirectory) -> Ed25519PrivateKey:
    """Read the node's key, or make it, durably, for its owner's eyes only."""
    if (state.keys / _KEY_NAME).exists():
        return load_key(state)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    durable.write_file(state.keys / _KEY_NAME, pem, mode=0o600)
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Give the 32 bytes of a key's public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_text(key: Ed25519PrivateKey) -> str:
    """Give a key's public half in base64, as enrolment writes it."""
    return base64.b64encode(public_bytes(key)).decode()
