"""Shortcuts beside the metadata: tips and steps against older versions, for thin lines.

They are made from files that are published, so they can be made again at any time: killed in
between, the next run writes what is missing. Nobody depends on one that is not there.
"""

from collections.abc import Iterator
from typing import Final

from core.step import KEPT, encode_step
from core.tip import MAX_TIP_BYTES, Tip, encode_tip
from core.trust import roles
from hub.published import Published
from hub.repository import Repository

# A node's poll names the snapshot that it keeps; one that is older than these begins anew.
KEPT_TIPS: Final = 16
_ENDING: Final = ".zst"


def write_shortcuts(repository: Repository, published: Published) -> None:
    """Write all shortcuts to a state that the timestamp leads to, the tip last."""
    _write_steps(repository, published)
    _write_tips(repository, published)
    _keep_only(repository, roles.STEPS, {roles.step_path(*one) for one in _steps(published)})


def _write_tips(repository: Repository, published: Published) -> None:
    """Write the tip of each older snapshot that nodes may keep, then the tip itself."""
    newest = published.snapshot.version
    kept = range(max(1, newest - KEPT_TIPS), newest + 1)
    for version in reversed(kept):
        path = roles.metadata_path("snapshot", version)
        base = repository.read(path, roles.MAX_SNAPSHOT_BYTES)
        if base is not None:
            _put(repository, roles.tip_path(version), encode_tip(_tip(published), base))
    _put(repository, roles.TIP_PATH, published.tip)
    wanted = {roles.tip_path(version) for version in kept}
    _keep_only(repository, roles.TIPS, wanted)


def _write_steps(repository: Repository, published: Published) -> None:
    """Write the steps to each role's present version that are not there yet."""
    wanted = {roles.step_path(*one): one for one in _steps(published)}
    present = {f"{roles.STEPS}/{name}" for name in repository.names(roles.STEPS)}
    for path in wanted.keys() - present:
        role, base, version = wanted[path]
        new, old = _role(repository, role, version), _role(repository, role, base)
        if new and (old or not base):
            repository.put(path, encode_step(new, old))


def _steps(published: Published) -> Iterator[tuple[str, int, int]]:
    for name in ("targets", *published.roles):
        version = published.snapshot.meta[f"{name}.json"].version
        for base in (0, *range(max(1, version - KEPT), version)):
            yield name, base, version


def _role(repository: Repository, name: str, version: int) -> bytes:
    if not version:
        return b""
    return repository.read(roles.metadata_path(name, version), roles.MAX_TARGETS_BYTES) or b""


def _tip(published: Published) -> Tip:
    version = published.snapshot.version
    return Tip(published.root.version, published.timestamp_bytes, version, published.snapshot_bytes)


def _put(repository: Repository, path: str, data: bytes) -> None:
    if repository.read(path, MAX_TIP_BYTES) != data:
        repository.put(path, data)


def _keep_only(repository: Repository, folder: str, wanted: set[str]) -> None:
    for name in repository.names(folder):
        path = f"{folder}/{name}"
        if name.endswith(_ENDING) and path not in wanted:
            repository.remove(path)
