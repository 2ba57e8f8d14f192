"""What must be in the repository before a publisher's new role may point to it."""

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile, Targets

from core.assignment import MAX_ASSIGNMENT_BYTES, decode_assignment, is_assignment_path
from core.bundle.frame import decode_head
from core.digest import parse_digest
from core.errors import RefusedError
from core.names import PackId, parse_pack_id
from core.release import (
    MAX_RELEASE_BYTES,
    BundleLink,
    Release,
    bundle_path,
    decode_release,
    release_path,
)
from hub.repository import Repository


def check_releases(repository: Repository, new: Targets, current: Targets | None) -> None:
    """Check every release and assignment that ``new`` names and ``current`` does not.

    Raises:
        RefusedError: a release, bundle or assignment is missing, damaged, of another length or
            another's, or a pack's version goes back.
    """
    before = current.targets if current else {}
    for path, target in new.targets.items():
        if path in before and before[path] == target:
            continue
        if is_assignment_path(path):
            decode_assignment(_read(repository, path, target, MAX_ASSIGNMENT_BYTES), path)
        else:
            pack = parse_pack_id(path)
            release = _release(repository, pack, target)
            if path in before:
                _check_order(_release(repository, pack, before[path]), release)
            for link in release.bundles:
                _check_bundle(repository, release, link)


def _release(repository: Repository, pack: PackId, target: TargetFile) -> Release:
    release = decode_release(_read(repository, pack, target, MAX_RELEASE_BYTES))
    if release.pack != pack:
        raise RefusedError(
            "The release file of {pack} belongs to {other}.", pack=pack, other=release.pack
        )
    return release


def _read(repository: Repository, name: str, target: TargetFile, limit: int) -> bytes:
    digest = target.hashes.get("sha256")
    if digest is None or len(target.hashes) > 1 or target.length > limit:
        raise RefusedError("The role file names {pack} without a usable digest.", pack=name)
    path = release_path(PackId(name), parse_digest(digest))
    data = repository.read(path, limit)
    if data is None:
        raise _missing(path, name)
    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise RefusedError(
            "The release file of {pack} is not the one that was signed.",
            hint="Publish the pack again.",
            pack=name,
        ) from error
    return data


def _check_order(old: Release, new: Release) -> None:
    same = new.version == old.version and new.manifest == old.manifest
    if new.version <= old.version and not same:
        raise RefusedError(
            "{pack} is at version {old} already; version {new} cannot follow it.",
            hint="Give the pack a higher version and publish again.",
            pack=new.pack,
            old=old.version,
            new=new.version,
        )


def _check_bundle(repository: Repository, release: Release, link: BundleLink) -> None:
    path = bundle_path(link.index)
    size = repository.size(path)
    if size is None:
        raise _missing(path, release.pack)
    if size != link.length:
        raise RefusedError(
            "The bundle {path} of {pack} has {size} bytes, not {length}.",
            hint="Publish the pack again.",
            path=path,
            pack=release.pack,
            size=size,
            length=link.length,
        )
    decode_head(repository.read_range(path, 0, link.index_length) or b"", link, release)


def _missing(path: str, pack: str) -> RefusedError:
    return RefusedError(
        "{path}, which {pack} needs, is not in the repository.",
        hint="Publish the pack again; files are uploaded before the role that names them.",
        path=path,
        pack=pack,
    )
