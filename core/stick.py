"""What lies on a stick, and in a setup file.

A stick is an ordinary mirror directory, with three folders beside the repository's own:

    tip, metadata/, targets/, bundles/   the repository, as at the hub
    setup/<name>.json                    setup files, one a school
    up/<node>/enrol.json                 a node's enrolment request
    up/<node>/report                     its newest report
    up/<node>/<epoch>.<first>            its signed batches
    down/<node>                          the hub's receipt for it

Nothing here is trusted because it lies on a stick: what a node or a hub takes from it proves
itself, and a receipt carries a MAC with the node's enrolment key, so that nobody else can make
a node forget statements that the hub has not got.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from core.acknowledgement import Acknowledgement
from core.codec import decode_json, decode_msgpack
from core.errors import RefusedError
from core.manifest import check_format
from core.token import MAX_TOKEN_CHARACTERS, Token, decode_token
from core.trust.roles import MAX_ROOT_BYTES

# The folder that a stick's root has, so that other files may lie beside it.
FOLDER: Final = "packhorse"
SETUP: Final = "setup"
UP: Final = "up"
DOWN: Final = "down"
ENROL_NAME: Final = "enrol.json"
REPORT_NAME: Final = "report"

FORMAT: Final = 1
MAX_SETUP_BYTES: Final = 512 * 1024
MAX_AUTHORITY_BYTES: Final = 64 * 1024
MAX_RECEIPT_BYTES: Final = 1024 * 1024
MOST_SETUP_FILES: Final = 2000
MOST_NODES: Final = 2000
_MOST_EPOCHS: Final = 1000
_MAC_BYTES: Final = 32
_PURPOSE: Final = b"packhorse receipt 1"
_NODE = re.compile(r"[0-9a-f]{16}\Z")
_BATCH = re.compile(r"([0-9a-f]{16})\.(\d{1,16})\Z")
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x20\x7f]+')


class SetupFile(msgspec.Struct, frozen=True, kw_only=True):
    """All that a school needs to begin without a line.

    Attributes:
        token: the enrolment token, as text.
        school: the school's id; the token says the same.
        name: the school's name for people; may be empty.
        roots: the chain of roots from version 1 to the token's, each the bytes of its file.
        authority: the certificate of the hub's own authority (PEM); empty for a public one.
        expires: moment in UTC after which the hub does not take the token any more.
    """

    format: int
    token: Annotated[str, msgspec.Meta(max_length=MAX_TOKEN_CHARACTERS)]
    school: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    roots: Annotated[list[bytes], msgspec.Meta(min_length=1, max_length=100)]
    authority: Annotated[str, msgspec.Meta(max_length=MAX_AUTHORITY_BYTES)] = ""
    expires: Annotated[str, msgspec.Meta(max_length=20)] = ""


def encode_setup(setup: SetupFile) -> bytes:
    """Encode a setup file; it may be read by a person."""
    return msgspec.json.format(msgspec.json.encode(setup)) + b"\n"


def decode_setup(data: bytes, what: str) -> tuple[SetupFile, Token]:
    """Decode a setup file and its token, and check that they belong together.

    The chain of roots is not checked here (``sync`` does, with python-tuf).

    Args:
        data: the file's bytes.
        what: names the file in sentences.

    Raises:
        RefusedError: malformed, edited, or of a newer format.
    """
    setup = decode_json(data, SetupFile, what=what, limit=MAX_SETUP_BYTES)
    check_format(setup.format, FORMAT, "setup file")
    token = decode_token(setup.token)
    authority = hashlib.sha256(setup.authority.encode()).digest() if setup.authority else b""
    sound = (
        setup.school == token.school
        and len(setup.roots) == token.root_version
        and all(len(root) <= MAX_ROOT_BYTES for root in setup.roots)
        and hmac.compare_digest(hashlib.sha256(setup.roots[-1]).digest(), token.root)
        and hmac.compare_digest(authority, token.authority)
    )
    if not sound:
        raise RefusedError(
            "The setup file {what} has been changed since the hub made it.",
            hint="Copy it again, or ask the hub's admin for a new one.",
            what=what,
        )
    return setup, token


def setup_name(school: str) -> str:
    """Give the file name of a school's setup file; it fits every file system.

    Two schools may differ only in what a file system cannot keep apart, so the name ends with
    some digits of the id's digest.
    """
    plain = _UNFIT.sub("-", school).strip(".-")[:40] or "school"
    return f"{plain}-{hashlib.sha256(school.encode()).hexdigest()[:6]}.json"


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """What the hub has of one node, for the way back."""

    hub: Annotated[str, msgspec.Meta(max_length=64)]
    node: Annotated[str, msgspec.Meta(max_length=64)]
    acknowledgements: Annotated[list[Acknowledgement], msgspec.Meta(max_length=_MOST_EPOCHS)]


def encode_receipt(receipt: Receipt, key: bytes) -> bytes:
    """Encode a receipt with its MAC.

    Args:
        receipt: what to say.
        key: the node's enrolment key (``core.token.enrolment_key``).
    """
    body = msgspec.msgpack.encode(receipt)
    return hmac.digest(key, _PURPOSE + body, "sha256") + body


def decode_receipt(data: bytes, key: bytes) -> Receipt:
    """Check a receipt's MAC and decode it.

    Raises:
        RefusedError: it is not from the hub, or not for this node's key.
    """
    mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
    if len(data) > MAX_RECEIPT_BYTES or not hmac.compare_digest(
        mac, hmac.digest(key, _PURPOSE + body, "sha256")
    ):
        raise RefusedError(
            "The receipt on the stick is not from this node's hub.",
            hint="Import the stick at the hub again.",
        )
    return decode_msgpack(body, Receipt, what="The receipt", limit=MAX_RECEIPT_BYTES)


def last_day(expires: datetime) -> str:
    """Give the last whole day (UTC) before a moment, such as ``2026-12-31``."""
    return f"{expires - timedelta(days=1):%Y-%m-%d}"


def is_node_name(name: str) -> bool:
    """Say whether a folder of ``up/`` is a node's."""
    return _NODE.match(name) is not None


def batch_name(epoch: bytes, first: int) -> str:
    """Give a batch's file name; names sort as numbers do."""
    return f"{epoch.hex()}.{first:016d}"


def parse_batch_name(name: str) -> tuple[bytes, int] | None:
    """Read a batch's file name; None when it is something else."""
    match = _BATCH.match(name)
    return (bytes.fromhex(match[1]), int(match[2])) if match else None
