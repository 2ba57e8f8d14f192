"""Making enrolment tokens."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.errors import UsageError
from core.token import SECRET_BYTES, Token, encode_token
from hub.config import HubConfig, load_config
from hub.layout import HubDirectory
from hub.published import load_roots
from hub.registry.database import Registry
from hub.registry.enrolment import add_token
from hub.repository import open_repository

_MAX_SCHOOL: Final = 100
_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?\Z")


class MadeToken(NamedTuple):
    """A token to hand out; ``text`` holds its secret, which is kept nowhere."""

    text: str
    name: str
    hub_url: str
    expires: datetime


@dataclass(frozen=True)
class Wanted:
    """What a token is for.

    Attributes:
        school: the school's id.
        hub_url: address of the hub for the school; empty for that of ``hub.toml``.
        days: how long it may wait to be used.
        public_authority: whether public authorities vouch for the hub's certificate.
    """

    school: str
    hub_url: str = ""
    days: int = 30
    public_authority: bool = False


def make_token(directory: HubDirectory, wanted: Wanted, now: datetime) -> MadeToken:
    """Make a token and remember its key.

    Raises:
        UsageError: school or address cannot be used.
    """
    school = wanted.school
    config = load_config(directory)
    url = _checked_url(wanted.hub_url or config.url)
    if not 0 < len(school) <= _MAX_SCHOOL or not school.isprintable() or school != school.strip():
        raise UsageError(
            "{school} cannot be a school's id.",
            hint="Write 1 to {most} printable characters, without spaces around them.",
            school=repr(school[:120]),
            most=_MAX_SCHOOL,
        )
    _, root_bytes, root = load_roots(open_repository(config.repository, directory.root))
    secret = secrets.token_bytes(SECRET_BYTES)
    private = url.startswith("https:") and not wanted.public_authority
    token = Token(
        url,
        school,
        secret,
        root.version,
        hashlib.sha256(root_bytes).digest(),
        _authority(directory, config) if private else b"",
    )
    expires = now + timedelta(days=wanted.days)
    registry = Registry(config.registry, directory.root, now)
    try:
        name = add_token(registry, secret, school, now, expires)
    finally:
        registry.close()
    return MadeToken(encode_token(token), name, url, expires)


def _authority(directory: HubDirectory, config: HubConfig) -> bytes:
    if config.tls == "proxy" and not directory.authority.exists():
        return b""
    return hashlib.sha256(directory.authority.read_bytes()).digest()


def _checked_url(url: str) -> str:
    if not _URL.match(url):
        raise UsageError(
            "{url} is not the address of a hub.",
            hint="Write it as https://hub.example:8443, with --hub-url or as url in hub.toml.",
            url=repr(url[:200]),
        )
    return url.rstrip("/")
