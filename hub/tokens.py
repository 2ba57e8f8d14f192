"""Making enrolment tokens."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.errors import RefusedError, UsageError
from core.token import SECRET_BYTES, Token, encode_token
from core.trust import roles
from core.trust.roles import Publisher, publisher_of
from hub.config import HubConfig, load_config
from hub.decide import covers, walk
from hub.layout import HubDirectory
from hub.published import load_published, load_roots
from hub.registry.database import Registry
from hub.registry.enrolment import NewToken, add_tokens
from hub.repository import Repository, open_repository

_MAX_SCHOOL: Final = 100
_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?\Z")


class MadeToken(NamedTuple):
    """A token to hand out; ``text`` holds its secret, which is kept nowhere."""

    text: str
    name: str
    hub_url: str
    expires: datetime


@dataclass(frozen=True)
class Terms:
    """What tokens have in common.

    Attributes:
        hub_url: address of the hub for the schools; empty for that of ``hub.toml``.
        days: how long they may wait to be used.
        public_authority: whether public authorities vouch for the hub's certificate.
        place: whose assignments the schools follow; empty for the hub's usual place.
    """

    hub_url: str = ""
    days: int = 30
    public_authority: bool = False
    place: str = ""


class Mint:
    """Makes tokens of one hub; nothing is remembered here.

    Args:
        directory: the hub's.
        terms: what its tokens have in common.
        now: the hub's time.

    Attributes:
        url: address of the hub in the tokens.
        authority: certificate of the hub's own authority (PEM); empty for a public one.
        roots: the chain of roots, each the bytes of its file.
        now: when they are made.
        expires: until when they can be used.

    Raises:
        UsageError: the address or the place cannot be used.
        RefusedError: the repository is damaged.
    """

    def __init__(self, directory: HubDirectory, terms: Terms, now: datetime) -> None:
        """Read what tokens are made of."""
        config = load_config(directory)
        repository = open_repository(config.repository, directory.root)
        self.url = _checked_url(terms.hub_url or config.url)
        self.roots = _chain(repository)
        private = self.url.startswith("https:") and not terms.public_authority
        self.authority = _authority(directory, config) if private else ""
        self.now, self.expires = now, now + timedelta(days=terms.days)
        self._publishers = _publishers(repository)
        wanted = terms.place or config.place
        self.place = self.checked_place(wanted) if wanted else usual_place(self._publishers)

    def token(self, school: str, place: str = "") -> Token:
        """Make a token for a school.

        Raises:
            UsageError: the school's id or the place cannot be used.
        """
        check_school(school)
        return Token(
            self.url,
            school,
            secrets.token_bytes(SECRET_BYTES),
            len(self.roots),
            hashlib.sha256(self.roots[-1]).digest(),
            hashlib.sha256(self.authority.encode()).digest() if self.authority else b"",
            self.checked_place(place) if place else self.place,
        )

    def checked_place(self, place: str) -> str:
        """Check that some publisher of the hub speaks for a place.

        Raises:
            UsageError: none does, or it is not written as a place.
        """
        wanted = publisher_of(place)
        if not any(covers(one.pattern, wanted.pattern) for one in self._publishers):
            raise UsageError(
                "No publisher of this hub is responsible for {place}.",
                hint="Its publishers are: {places}.",
                place=place,
                places=", ".join(sorted(place_of(one) for one in self._publishers)) or "none",
            )
        return place


def make_token(directory: HubDirectory, school: str, terms: Terms, now: datetime) -> MadeToken:
    """Make a token and remember its key.

    Raises:
        UsageError: school, address or place cannot be used.
        RefusedError: the repository is damaged.
    """
    mint = Mint(directory, terms, now)
    token = mint.token(school)
    registry = Registry(load_config(directory).registry, directory.root, now)
    try:
        new = NewToken(token.secret, school, mint.expires)
        [name] = add_tokens(registry, [new], now)
    finally:
        registry.close()
    return MadeToken(encode_token(token), name, mint.url, mint.expires)


def check_school(school: str) -> None:
    """Check a school's id.

    Raises:
        UsageError: it is empty, too long, or not all printable.
    """
    if not 0 < len(school) <= _MAX_SCHOOL or not school.isprintable() or school != school.strip():
        raise UsageError(
            "{school} cannot be a school's id.",
            hint="Write 1 to {most} printable characters, without spaces around them.",
            school=repr(school[:120]),
            most=_MAX_SCHOOL,
        )


def place_of(publisher: Publisher) -> str:
    """Give the place of a publisher, such as ``gd/zhuhai``; ``publisher_of`` reads it."""
    first, second, _ = publisher.pattern.split("/")
    return first if second == "*" else f"{first}/{second}"


def usual_place(publishers: list[Publisher]) -> str:
    """Give the place of the narrowest publisher; empty where several are equally narrow."""
    width = min((one.pattern.count("*") for one in publishers), default=0)
    narrow = [one for one in publishers if one.pattern.count("*") == width]
    return place_of(narrow[0]) if len(narrow) == 1 else ""


def _publishers(repository: Repository) -> list[Publisher]:
    published = load_published(repository)
    found: list[Publisher] = []
    for name, delegator in walk(published.targets, published.roles):
        delegated = delegator.delegations.roles if delegator.delegations else None
        role = (delegated or {}).get(name)
        patterns = role.paths if role and role.paths else []
        found += [Publisher(name, one) for one in patterns if one.count("/") == 2]  # noqa: PLR2004
    return found


def _chain(repository: Repository) -> list[bytes]:
    _, _, root = load_roots(repository)
    paths = [roles.metadata_path("root", version) for version in range(1, root.version + 1)]
    chain = [repository.read(path, roles.MAX_ROOT_BYTES) for path in paths]
    if None in chain:
        raise RefusedError(
            "A root of the repository is missing.",
            hint="Restore the repository from a mirror or a backup.",
        )
    return [one for one in chain if one is not None]


def _authority(directory: HubDirectory, config: HubConfig) -> str:
    if config.tls == "proxy" and not directory.authority.exists():
        return ""
    return directory.authority.read_text(encoding="ascii")


def _checked_url(url: str) -> str:
    if not _URL.match(url):
        raise UsageError(
            "{url} is not the address of a hub.",
            hint="Write it as https://hub.example:8443, with --hub-url or as url in hub.toml.",
            url=repr(url[:200]),
        )
    return url.rstrip("/")
