"""The node's configuration: ``node.toml`` in the state directory, then the environment; read once.

Rules:
    - Every key has a default, so that a node needs no file.
    - Unknown keys and wrong types are refused by name: a misspelt key must not go unnoticed.
    - Each key is described in ``docs/node.md``; a test holds the two together.

Non-goals: what the hub decides (assignments, groups) and what the trust decides.
"""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import UsageError
from core.hosts import split_host
from core.peers import MOST_TYPED
from core.text import parse_rate

FILE_NAME: Final = "node.toml"
STATE_VARIABLE: Final = "PACKHORSE_STATE"
DEFAULT_STICKS: Final = "/run/packhorse/sticks"
DEFAULT_STATE: Final = "/var/lib/packhorse"
MAX_FILE_BYTES: Final = 64 * 1024

Address = tuple[str, int]
"""Host and port; port 0 lets the system choose one."""

_LARGEST_PORT: Final = 65535
_LONGEST_PART: Final = 63
_LONGEST_POLL: Final = 7 * 24 * 60.0
_SHORTEST_POLL: Final = 0.01
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What the operator of one node has set.

    Attributes:
        portal_listen: ``[portal] listen``: address of the lessons' pages, such as
            ``0.0.0.0:80``.
        portal_content_listen: ``[portal] content_listen``: second address, for the HTML of
            packs, which must not share an origin with the pages.
        portal_hosts: ``[portal] hosts``: further names by which browsers may reach the portal.
        line_rate: ``[line] rate``: upper bound for transfers, bytes a second, written as
            ``512kbit``; None for no bound.
        line_poll_minutes: ``[line] poll_minutes``: time between two looks at the hub's tip.
        packs: ``packs``: patterns of the pack ids that this node takes.
        disk_floor: ``[disk] floor_mb``: bytes that stay free on the disk; None for the usual
            share of it (``cache.space``).
        stick_places: ``[stick] places``: directories below each of which sticks are mounted.
        peers: ``[peers] addresses``: other nodes that have what this one needs.
        parent: ``[peers] parent``: a node from which this one may live alone; None for none.
        finds_peers: ``[peers] find``: whether nodes look for one another on the network.
        time_zone: ``[time] zone``: the school's time zone, such as ``Asia/Shanghai``; empty for
            the machine's.
    """

    portal_listen: Address = ("0.0.0.0", 80)  # noqa: S104 - pupils' tablets are on the LAN
    portal_content_listen: Address = ("0.0.0.0", 8088)  # noqa: S104 - the same
    portal_hosts: tuple[str, ...] = ()
    line_rate: int | None = None
    line_poll_minutes: float = 15.0
    packs: tuple[str, ...] = ("*",)
    disk_floor: int | None = None
    stick_places: tuple[str, ...] = (DEFAULT_STICKS,)
    peers: tuple[Address, ...] = ()
    parent: Address | None = None
    finds_peers: bool = True
    time_zone: str = ""

    @property
    def has_company(self) -> bool:
        """Whether there may be other nodes to turn to."""
        return bool(self.peers or self.parent or self.is_among_peers)

    @property
    def is_among_peers(self) -> bool:
        """Whether it looks for other nodes, and they find it: not where no other reaches it."""
        host = self.portal_listen[0]
        return self.finds_peers and host != "localhost" and not host.startswith(("127.", "::1"))


def state_root(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Choose the state directory: the option, else PACKHORSE_STATE, else the system's."""
    return Path(option or environment.get(STATE_VARIABLE) or DEFAULT_STATE)


def load(state: Path, environment: Mapping[str, str] = os.environ) -> NodeConfig:
    """Read the configuration of the node in ``state``.

    Each key may be overridden by a variable of the environment (``VARIABLES``), as systemd
    units and containers like it.

    Raises:
        UsageError: the file cannot be read, or a key is unknown, of a wrong type or unusable.
    """
    path = state / FILE_NAME
    tables, origins = _parse(path), {}
    for variable, (table, key) in VARIABLES.items():
        if environment.get(variable):
            tables.setdefault(table, {})[key] = _from_environment(key, environment[variable])
            origins[table, key] = f"{variable} (environment)"
    reader = _Reader(path, tables, origins)
    usual = NodeConfig()
    floor = reader.number("disk", "floor_mb", 0, 1e9)
    poll = reader.number("line", "poll_minutes", _SHORTEST_POLL, _LONGEST_POLL)
    return NodeConfig(
        portal_listen=reader.address("portal", "listen", usual.portal_listen),
        portal_content_listen=reader.address(
            "portal", "content_listen", usual.portal_content_listen
        ),
        portal_hosts=reader.words("portal", "hosts", usual.portal_hosts),
        line_rate=reader.rate("line", "rate"),
        line_poll_minutes=usual.line_poll_minutes if poll is None else poll,
        packs=reader.words("", "packs", usual.packs),
        disk_floor=None if floor is None else round(floor * _MB),
        stick_places=reader.words("stick", "places", usual.stick_places),
        peers=reader.peers("peers", "addresses"),
        parent=reader.peer("peers", "parent"),
        finds_peers=reader.flag("peers", "find", usual=usual.finds_peers),
        time_zone=reader.text("time", "zone", usual.time_zone),
    )


def parse_address(text: str) -> Address:
    """Read ``host:port`` as a person writes it; an IPv6 host stands in brackets.

    Raises:
        UsageError: it is not written so.
    """
    address = _address(text)
    if address is None:
        raise UsageError(
            "{text} is not an address.", hint='Write it like "0.0.0.0:80".', text=repr(text[:80])
        )
    return address


def written(address: Address) -> str:
    """Write an address as ``host:port``."""
    return f"{address[0]}:{address[1]}"


KEYS: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"packs"}),
    "portal": frozenset({"listen", "content_listen", "hosts"}),
    "line": frozenset({"rate", "poll_minutes"}),
    "disk": frozenset({"floor_mb"}),
    "stick": frozenset({"places"}),
    "peers": frozenset({"addresses", "parent", "find"}),
    "time": frozenset({"zone"}),
}
"""Every key by its table; the empty name is the top of the file."""
VARIABLES: Final[dict[str, tuple[str, str]]] = {
    "PACKHORSE_LISTEN": ("portal", "listen"),
    "PACKHORSE_CONTENT_LISTEN": ("portal", "content_listen"),
    "PACKHORSE_HOSTS": ("portal", "hosts"),
    "PACKHORSE_RATE": ("line", "rate"),
    "PACKHORSE_POLL_MINUTES": ("line", "poll_minutes"),
    "PACKHORSE_PACKS": ("", "packs"),
    "PACKHORSE_FLOOR_MB": ("disk", "floor_mb"),
    "PACKHORSE_STICKS": ("stick", "places"),
    "PACKHORSE_PEERS": ("peers", "addresses"),
    "PACKHORSE_PARENT": ("peers", "parent"),
    "PACKHORSE_FIND_PEERS": ("peers", "find"),
    "PACKHORSE_TIME_ZONE": ("time", "zone"),
}
_LISTS: Final = {"addresses", "hosts", "packs", "places"}
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_HTTP: Final = 80
_NUMBERS: Final = {"poll_minutes", "floor_mb"}


def _parse(path: Path) -> dict[str, dict[str, object]]:
    """Read the file into tables; a file that is not there has none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(
            "{path} cannot be read: {reason}.",
            hint="Check who owns the file, and its permissions.",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(
            "{path} is larger than a configuration can be.",
            hint="Write it anew; docs/node.md lists the keys.",
            path=str(path),
        )
    try:
        document = tomllib.loads(data.decode("utf-8"))
    # A deeply nested array exhausts the parser's recursion.
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            "{path} is not TOML: {reason}.",
            hint="Mend that line; docs/node.md shows how the file is written.",
            path=str(path),
            reason=str(error),
        ) from error
    return _tables(path, document)


def _tables(path: Path, document: dict[str, object]) -> dict[str, dict[str, object]]:
    top = {key: value for key, value in document.items() if key not in KEYS}
    tables: dict[str, dict[str, object]] = {"": top}
    for name in document.keys() & KEYS.keys():
        value = document[name]
        if not isinstance(value, dict):
            raise _wrong(str(path), name, f"must be a table, written [{name}]")
        tables[name] = value
    for name, table in tables.items():
        for key in table:
            if key not in KEYS[name]:
                raise UsageError(
                    "{path} has the unknown key {key}.",
                    hint="Remove it or mend its spelling; the keys are: {known}.",
                    path=str(path),
                    key=_dotted(name, key),
                    known=", ".join(
                        sorted(_dotted(t, k) for t, keys in KEYS.items() for k in keys)
                    ),
                )
    return tables


def _from_environment(key: str, text: str) -> object:
    """Give a variable's text the type that the key has in the file."""
    if key in _LISTS:
        return [word.strip() for word in text.split(",") if word.strip()]
    if key in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            return text  # refused by the reader, which names the variable
    if key == "find":
        return _FLAGS.get(text.lower(), text)
    return text


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes typed values out of the tables; ``origins`` names those not from the file."""

    path: Path
    tables: dict[str, dict[str, object]]
    origins: dict[tuple[str, str], str]

    def value(self, table: str, key: str) -> object:
        return self.tables.get(table, {}).get(key)

    def address(self, table: str, key: str, default: Address) -> Address:
        value = self.value(table, key)
        if value is None:
            return default
        address = _address(value) if isinstance(value, str) else None
        if address is None:
            raise self.wrong(table, key, 'must be like "0.0.0.0:80"')
        return address

    def words(self, table: str, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self.value(table, key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            raise self.wrong(table, key, 'must be a list of texts, such as ["one", "two"]')
        return tuple(value)

    def text(self, table: str, key: str, default: str) -> str:
        value = self.value(table, key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(table, key, "must be a text")
        return value

    def rate(self, table: str, key: str) -> int | None:
        value = self.value(table, key)
        if value is None:
            return None
        rate = parse_rate(value) if isinstance(value, str) else None
        if rate is None:
            raise self.wrong(table, key, 'must be like "512kbit" or "2mbit"')
        return rate

    def number(self, table: str, key: str, smallest: float, largest: float) -> float | None:
        value = self.value(table, key)
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not smallest <= value <= largest
        ):
            raise self.wrong(table, key, f"must be a number from {smallest:g} to {largest:g}")
        return float(value)

    def flag(self, table: str, key: str, *, usual: bool) -> bool:
        value = self.value(table, key)
        if value is None:
            return usual
        if not isinstance(value, bool):
            raise self.wrong(table, key, "must be true or false")
        return value

    def peer(self, table: str, key: str) -> Address | None:
        text = self.text(table, key, "")
        return self._peer(table, key, text) if text else None

    def peers(self, table: str, key: str) -> tuple[Address, ...]:
        words = self.words(table, key, ())
        if len(words) > MOST_TYPED:
            raise self.wrong(table, key, f"must name at most {MOST_TYPED} nodes")
        return tuple(self._peer(table, key, one) for one in words)

    def _peer(self, table: str, key: str, text: str) -> Address:
        address = _peer(text)
        if address is None:
            raise self.wrong(table, key, 'must be like "192.168.1.7" or "school-2.local:8080"')
        return address

    def wrong(self, table: str, key: str, wanted: str) -> UsageError:
        return _wrong(self.origins.get((table, key), str(self.path)), _dotted(table, key), wanted)


def _address(text: str) -> Address | None:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > _LARGEST_PORT:
        return None
    return host, int(port)


def _peer(text: str) -> Address | None:
    """Read where another node's pages are: a host, and its port unless that is the usual one."""
    host = split_host(text)
    if host is None or not 0 < host[1] <= _LARGEST_PORT or not _may_be(host[0]):
        return None
    return host


def _may_be(name: str) -> bool:
    """Say whether a host may be called so: as an address, or as a name of non-empty parts."""
    parts = name.removesuffix(".").split(".")
    if not name.startswith("[") and not parts[-1].isdecimal():
        return all(0 < len(part) <= _LONGEST_PART for part in parts)
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return name.startswith("[") == (":" in name)


def _dotted(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _wrong(where: str, key: str, wanted: str) -> UsageError:
    return UsageError(
        "{key} in {where} {wanted}.",
        hint="Correct that key; docs/node.md shows examples.",
        key=key,
        where=where,
        wanted=wanted,
    )
