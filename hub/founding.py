"""Making a hub: keys, the first version of every role, configuration and certificates.

All is built in a sibling directory that then takes the hub's name, so an interrupted ``init``
leaves nothing behind that looks like a hub, and can simply be run again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import CryptoSigner

from cache import durable
from core.errors import UsageError
from core.tip import Tip, encode_tip
from core.token import hub_name
from core.trust import edit, roles
from core.trust.roles import Publisher
from hub import tls
from hub.config import HubConfig, render_config
from hub.decide import parents, signing_time
from hub.keys import SECRET_MODE, new_key
from hub.layout import INCOMING, HubDirectory
from hub.published import load_published
from hub.renewal import certificate_hosts, write_certificate
from hub.repository import DirectoryRepository
from hub.shortcuts import write_shortcuts

T = TypeVar("T")

_TOP_LEVEL = ("root", "targets", "snapshot", "timestamp")


@dataclass(frozen=True)
class Plan:
    """What the operator asked for."""

    publishers: tuple[Publisher, ...]
    config: HubConfig


def found_hub(root: Path, plan: Plan, wall: datetime) -> str:
    """Make a hub in ``root`` and give its id.

    Args:
        root: a directory that is empty or does not exist yet.
        plan: publishers and configuration.
        wall: the machine's clock.

    Raises:
        UsageError: there is something already, or the plan contradicts itself.
        AlreadyRunningError: another ``init`` is making the same hub.
        ExhaustedError: the disk is full.
    """
    parents(plan.publishers)
    now = signing_time(wall, None)
    first_root = build_apart(root, lambda building: _build(building, plan, now))
    return hub_name(first_root)


def build_apart(root: Path, build: Callable[[HubDirectory], T]) -> T:
    """Let ``build`` fill a directory that then takes the name ``root``, whole or not at all.

    Raises:
        UsageError: there is something already.
        AlreadyRunningError: another process builds the same hub.
        ExhaustedError: the disk is full.
    """
    root = root.absolute()
    _check_free(root)
    building = HubDirectory(root.with_name(f".{root.name}.packhorse-init"))
    durable.make_directory(building.root)
    with durable.lock(building.lock, "hub init"):
        _clear(building)
        made = build(building)
        durable.sync_tree(building.root)
        _check_free(root)
        durable.move(building.root, root)
    return made


def school_url(config: HubConfig) -> str:
    """Guess the address under which schools reach a hub with this configuration.

    Raises:
        UsageError: the address to listen on is malformed.
    """
    address = config.address
    host = config.hosts[0] if config.hosts else address.host
    if address.loopback and not address._replace(host=host).loopback:
        # Only a proxy on this machine can be reached under that name.
        return f"https://{host}"
    host = "127.0.0.1" if address._replace(host=host).unspecified else host
    return address._replace(host=host).url(tls=config.own_tls(address))


def _check_free(root: Path) -> None:
    if (root / "hub.toml").exists():
        raise UsageError(
            "There is a hub in {path} already.",
            hint="Choose another directory; a hub's keys are never overwritten.",
            path=str(root),
        )
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(
            "{path} is not an empty directory.", hint="Choose another one.", path=str(root)
        )


def _clear(building: HubDirectory) -> None:
    for leftover in building.root.iterdir():
        if leftover != building.lock:
            durable.remove_tree(leftover) if leftover.is_dir() else durable.remove(leftover)


def _build(building: HubDirectory, plan: Plan, now: datetime) -> bytes:
    durable.make_directory(building.keys, mode=0o700)
    for folder in (INCOMING, "targets", "bundles"):
        durable.make_directory(building.repository / folder)
    durable.make_directory(building.usage, mode=0o700)
    keys = {role: new_key(building.role_key(role)) for role in _TOP_LEVEL}
    publishers = {one: new_key(building.publisher_key(one.role)) for one in plan.publishers}
    files = first_metadata(keys, publishers, now)
    repository = DirectoryRepository(building.repository)
    for path, data in files.items():
        repository.put(path, data)
    write_shortcuts(repository, load_published(repository))
    first_root = files[roles.metadata_path("root", 1)]
    write_certificates(building, plan.config, hub_name(first_root), now)
    return first_root


def write_certificates(building: HubDirectory, config: HubConfig, hub: str, now: datetime) -> None:
    """Write what makes a directory a hub beside its repository: certificates, configuration."""
    authority = tls.new_authority(f"Packhorse hub {hub}", now)
    period = timedelta(days=config.certificate_days)
    server = tls.new_certificate(authority, certificate_hosts(config), now, period)
    durable.write_file(building.authority, authority.certificate)
    durable.write_file(building.authority_key, authority.key, mode=SECRET_MODE)
    write_certificate(building, server)
    durable.write_file(building.config, render_config(config).encode())


def first_metadata(
    keys: Mapping[str, CryptoSigner], publishers: Mapping[Publisher, CryptoSigner], now: datetime
) -> dict[str, bytes]:
    """Give the files of a new repository by path.

    Args:
        keys: the signer of each top-level role.
        publishers: the signer of each publisher.
        now: the signing time.
    """
    targets = edit.new_targets(now)
    first = {one: edit.new_targets(now) for one in publishers}
    for one, parent in parents(publishers).items():
        if parent is None:
            targets = edit.delegate(targets, one, [publishers[one]])
        else:
            first[parent] = edit.delegate(first[parent], one, [publishers[one]])
    root = edit.new_root({role: [signer] for role, signer in keys.items()}, {}, now)
    names = ["targets", *(one.role for one in publishers)]
    snapshot = edit.next_snapshot(None, dict.fromkeys(names, 1), now)
    snapshot_bytes = edit.sign(snapshot, [keys["snapshot"]])
    timestamp = edit.next_timestamp(None, 1, now)
    timestamp_bytes = edit.sign(timestamp, [keys["timestamp"]])
    files = {
        roles.metadata_path("root", 1): edit.sign(root, [keys["root"]]),
        roles.metadata_path("targets", 1): edit.sign(targets, [keys["targets"]]),
        roles.metadata_path("snapshot", 1): snapshot_bytes,
        roles.TIMESTAMP_PATH: timestamp_bytes,
        roles.TIP_PATH: encode_tip(Tip(1, timestamp_bytes, 1, snapshot_bytes)),
    }
    for one, role in first.items():
        files[roles.metadata_path(one.role, 1)] = edit.sign(role, [publishers[one]])
    return files
