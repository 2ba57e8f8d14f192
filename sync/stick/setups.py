"""The setup files on a stick, and which of them other nodes have used. Nothing is verified."""

from dataclasses import dataclass
from typing import Final

import msgspec

from cache.stick import StickDirectory
from core.codec import decode_json
from core.errors import RefusedError
from core.stick import (
    ENROL_NAME,
    MAX_SETUP_BYTES,
    MOST_NODES,
    MOST_SETUP_FILES,
    SETUP,
    UP,
    SetupFile,
    decode_setup,
    is_node_name,
)
from core.token import EnrolRequest, Token, enrolment_key, token_name

MAX_ENROL_BYTES: Final = 4 * 1024
# Of all setup files together: those of 2,000 schools take some 10 MB.
_MOST_BYTES: Final = 64 * 1024 * 1024
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class FoundSetup:
    """A setup file on a stick.

    Attributes:
        path: where it lies on the stick.
        users: public keys of the nodes whose requests, made with it, lie on the stick.
    """

    path: str
    setup: SetupFile
    token: Token
    users: frozenset[str] = frozenset()

    @property
    def token_name(self) -> str:
        """Name of its token."""
        return token_name(enrolment_key(self.token.secret))

    def is_used(self, public_key: str) -> bool:
        """Say whether another node than that of ``public_key`` has used it."""
        return bool(self.users - {public_key})


def find_setups(stick: StickDirectory) -> tuple[list[FoundSetup], list[RefusedError]]:
    """Give the setup files on a stick by school, and what is wrong with those that cannot be used.

    Raises:
        OSError: the stick fails.
    """
    names = stick.names(SETUP, MOST_SETUP_FILES, lambda one: one.endswith(_SUFFIX))
    users = users_by_token(stick) if names else {}
    found: list[FoundSetup] = []
    problems: list[RefusedError] = []
    left = _MOST_BYTES
    for name in names:
        try:
            data = stick.find(f"{SETUP}/{name}", min(MAX_SETUP_BYTES, left)) or b""
            left -= len(data)
            setup, token = decode_setup(data, name)
        except RefusedError as error:
            problems.append(error)
            continue
        key = token_name(enrolment_key(token.secret))
        found.append(FoundSetup(f"{SETUP}/{name}", setup, token, users.get(key, frozenset())))
    return sorted(found, key=lambda one: (one.setup.name, one.setup.school)), problems


def users_by_token(stick: StickDirectory) -> dict[str, frozenset[str]]:
    """Give the public keys of the requests on a stick, by the name of the token that made them.

    Raises:
        OSError: the stick fails.
    """
    users: dict[str, frozenset[str]] = {}
    for node in stick.names(UP, MOST_NODES, is_node_name):
        try:
            request = read_request(stick, node)
        except RefusedError:
            continue
        if request is not None:
            users[request.token] = users.get(request.token, frozenset()) | {request.public_key}
    return users


def read_request(stick: StickDirectory, node: str) -> EnrolRequest | None:
    """Read a node's enrolment request; None when there is none.

    Raises:
        RefusedError: it is malformed.
        OSError: the stick fails.
    """
    data = stick.find(f"{UP}/{node}/{ENROL_NAME}", MAX_ENROL_BYTES)
    if data is None:
        return None
    return decode_json(data, EnrolRequest, what=ENROL_NAME, limit=MAX_ENROL_BYTES)


def encode_request(request: EnrolRequest) -> bytes:
    """Encode a request for a stick."""
    return msgspec.json.encode(request)
