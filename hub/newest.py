"""The newest version of each published pack, from the releases in the repository."""

from core.digest import parse_digest
from core.errors import RefusedError
from core.fleet_warnings import Newest
from core.names import PackId, parse_pack_id
from core.release import MAX_RELEASE_BYTES, decode_release, release_path
from core.trusted_time import parse_moment
from hub.published import Published
from hub.repository import Repository


def newest_versions(repository: Repository, published: Published) -> dict[str, Newest]:
    """Give the newest version of every pack whose release can be read."""
    found: dict[str, Newest] = {}
    for role in published.roles.values():
        for path, target in role.targets.items():
            try:
                one = _newest(repository, parse_pack_id(path), str(target.hashes.get("sha256", "")))
            except RefusedError:
                # Not a pack, or a damaged release: the sequencer and the nodes say so.
                continue
            if one is not None:
                found[path] = one
    return found


def _newest(repository: Repository, pack: PackId, digest: str) -> Newest | None:
    data = repository.read(release_path(pack, parse_digest(digest)), MAX_RELEASE_BYTES)
    if data is None:
        return None
    release = decode_release(data)
    return Newest(release.version, parse_moment(release.published))
