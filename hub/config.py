"""The hub's configuration: ``hub.toml`` and the environment, read once and passed down."""

import os
import tomllib
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from core.codec import convert
from core.errors import UsageError
from hub.address import Address, parse_address
from hub.layout import HubDirectory

ENVIRONMENT_PREFIX: Final = "PACKHORSE_HUB_"

Tls = Literal["auto", "own", "proxy"]


class HubConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator may set; each key also as ``PACKHORSE_HUB_<KEY>`` (texts only).

    Attributes:
        listen: address and port of ``hub serve``.
        tls: ``own`` serves TLS with ``keys/tls.pem``, ``proxy`` leaves TLS to a proxy in front
            (whose X-Forwarded-For is then believed), ``auto`` is ``own`` unless the address is
            a loopback one.
        url: address under which schools reach the hub; it is written into tokens.
        place: whose assignments schools follow that are enrolled without a place of their own,
            such as ``gd/zhuhai``; empty for that of the hub's narrowest publisher.
        hosts: names and IP addresses that the hub's own certificate is for.
        repository: the repository's directory, relative to the hub's, or the URL of an object
            store such as ``s3://bucket/prefix``.
        registry: the registry's SQLite file, relative to the hub's directory, or the URL of a
            database such as ``postgresql+psycopg://hub@db/hub``.
        certificate_days: life of a server certificate, days.
        enrolments_per_minute: tries to enrol that one address has.
        sign_ins_per_minute: tries to sign in to the admin's pages that one address has, and that
            one account has.
        upload_megabytes: what a folder that is published from the browser may take, millions of
            bytes.
        connections: connections that ``hub serve`` holds open at the same time.
        batches_per_day: batches of statements that one node may have stored a day.
        megabytes_per_day: what they may take together, millions of bytes.
        reports_per_day: reports on itself that one node may send a day.
        incoming_seconds: pause between two looks for newly published packs.
        upstream: address of the hub that this one mirrors; empty where it has its own repository.
        mirrored: patterns of the ids of the packs that a mirror holds, such as ``cn/-/*``.
        mirror_minutes: pause between two looks at the upstream, minutes.
    """

    listen: str = "127.0.0.1:8443"
    tls: Tls = "auto"
    url: str = ""
    place: str = ""
    hosts: list[Annotated[str, msgspec.Meta(min_length=1, max_length=253)]] = []
    repository: str = "repository"
    registry: str = "registry.db"
    certificate_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 730
    enrolments_per_minute: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 60
    sign_ins_per_minute: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 6
    upload_megabytes: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 50_000
    connections: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    batches_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    megabytes_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 50
    reports_per_day: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 200
    incoming_seconds: Annotated[float, msgspec.Meta(ge=0.05, le=3600)] = 1.0
    upstream: Annotated[str, msgspec.Meta(max_length=500)] = ""
    mirrored: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]],
        msgspec.Meta(min_length=1, max_length=1000),
    ] = msgspec.field(default_factory=lambda: ["*"])
    mirror_minutes: Annotated[float, msgspec.Meta(ge=0.001, le=1440)] = 15.0

    @property
    def address(self) -> Address:
        """Where to listen."""
        return parse_address(self.listen)

    def own_tls(self, address: Address) -> bool:
        """Whether ``hub serve`` itself serves TLS on ``address``."""
        return self.tls == "own" or (self.tls == "auto" and not address.loopback)


_FROM_ENVIRONMENT: Final = ("listen", "tls", "url", "repository", "registry")


def load_config(directory: HubDirectory, environment: Mapping[str, str] = os.environ) -> HubConfig:
    """Read the configuration of a hub.

    Raises:
        UsageError: the file is not TOML, or has an unknown key or a wrong value.
    """
    try:
        values = tomllib.loads(directory.config.read_text(encoding="utf-8"))
        for key in _FROM_ENVIRONMENT:
            if text := environment.get(ENVIRONMENT_PREFIX + key.upper()):
                values[key] = text
        config = convert(values, HubConfig)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UsageError(
            "{path} cannot be used: {reason}.",
            hint="docs/hub.md lists every key.",
            path=str(directory.config),
            reason=str(error),
        ) from error
    parse_address(config.listen)
    return config


def render_config(config: HubConfig) -> str:
    """Write the ``hub.toml`` of a new hub, each key with its meaning."""
    quoted = msgspec.json.encode
    return (
        "# The hub's configuration; docs/hub.md lists every key.\n\n"
        "# Address and port of `packhorse hub serve`.\n"
        f"listen = {quoted(config.listen).decode()}\n\n"
        '# "own": TLS with keys/tls.pem; "proxy": a proxy in front does TLS;\n'
        '# "auto": "own" unless the address is a loopback one.\n'
        f"tls = {quoted(config.tls).decode()}\n\n"
        "# The address under which schools reach the hub; it is written into tokens.\n"
        f"url = {quoted(config.url).decode()}\n\n"
        "# Names and IP addresses that the hub's own certificate is for.\n"
        f"hosts = {quoted(config.hosts).decode()}\n\n"
        "# Life of the hub's own certificate, days.\n"
        f"certificate_days = {config.certificate_days}\n"
    ) + (_render_mirror(config) if config.upstream else "")


def _render_mirror(config: HubConfig) -> str:
    quoted = msgspec.json.encode
    return (
        "\n# The hub that this one mirrors.\n"
        f"upstream = {quoted(config.upstream).decode()}\n\n"
        "# Patterns of the ids of the packs whose bundles are held here.\n"
        f"mirrored = {quoted(config.mirrored).decode()}\n"
    )
