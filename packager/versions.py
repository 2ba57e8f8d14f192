"""Which version a folder is, and which versions deltas are made from."""

from collections.abc import Callable

from core.errors import UsageError
from core.manifest import Manifest
from packager.manifests import same_content
from packager.workspace import Workspace

Make = Callable[[int], Manifest]


def next_manifest(wanted: int | None, newest: Manifest | None, make: Make) -> tuple[Manifest, bool]:
    """Give the manifest that follows the newest published one.

    Args:
        wanted: version that ``pack.toml`` asks for, if any.
        newest: the newest published manifest, if any.
        make: makes the folder's manifest with a version.

    Returns:
        The manifest, and whether it is new.

    Raises:
        UsageError: the version goes back, or is taken by other content.
    """
    if newest is None:
        return make(wanted or 1), True
    if wanted is not None and wanted < newest.version:
        raise UsageError(
            "pack.toml says version {wanted}, but version {newest} is published already.",
            hint="Write a version of {next} or more, or leave the version out.",
            wanted=wanted,
            newest=newest.version,
            next=newest.version + 1,
        )
    if wanted is None or wanted == newest.version:
        same = make(newest.version)
        if same_content(same, newest):
            return newest, False
        if wanted is not None:
            raise UsageError(
                "pack.toml says version {wanted}, but version {wanted} is published already with"
                " other content.",
                hint="Write version {next} or more, or leave the version out.",
                wanted=wanted,
                next=wanted + 1,
            )
    return make(wanted or newest.version + 1), True


def local_manifest(wanted: int | None, workspace: Workspace, make: Make) -> Manifest:
    """Give the manifest that follows what the workspace knows, without asking a repository.

    Raises:
        UsageError: the version goes back, or is taken by other content.
    """
    known = workspace.versions()
    published = next((one for one in known if one.published), None)
    newest = workspace.manifest_of(published) if published else None
    manifest, _ = next_manifest(wanted, newest, make)
    if wanted is not None and known and wanted < known[0].version:
        raise UsageError(
            "pack.toml says version {wanted}, but version {newest} was built already.",
            hint="Versions go up. If version {newest} was a mistake and never published, delete"
            " {file}.",
            wanted=wanted,
            newest=known[0].version,
            file=str(workspace.place / "versions" / f"{known[0].version}.json"),
        )
    return manifest


def bases(workspace: Workspace, version: int, count: int, *, published: bool) -> list[Manifest]:
    """Give the newest ``count`` known manifests before ``version``, newest first.

    Args:
        workspace: which knows them.
        version: the version that is built.
        count: how many at most.
        published: whether only published ones are wanted; else they are preferred.
    """
    known = [one for one in workspace.versions() if one.version < version]
    sent = [one for one in known if one.published]
    wanted = sent if sent or published else known
    manifests = (workspace.manifest_of(one) for one in wanted[:count])
    return [manifest for manifest in manifests if manifest]
