"""Publishing: quote, immutable files, the signed role, the sequencer's answer.

Order of uploads: bundles, release, role. So whatever a signed file names is there already, and
a publication that is interrupted changes nothing; run again, it goes on where it was.
"""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Targets

from core.digest import Digest, digest_of
from core.errors import PackhorseError
from core.manifest import Manifest
from core.names import PackId
from core.release import bundle_path, encode_release, release_path
from core.trust.roles import PUBLISHER_PERIOD
from core.trusted_time import format_moment
from core.withdrawal import Withdrawal, after_publishing, read_withdrawals
from packager.authority import Authority, find_authority, find_published
from packager.build import Build, Tools, build_bundles
from packager.fetch import fetch_contents, fetch_version, published_release
from packager.manifests import make_manifest
from packager.remote import Remote
from packager.renditions.folder import rendered_folder
from packager.scan import Folder
from packager.versions import bases, next_manifest
from packager.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A folder beside what is published.

    Attributes:
        previous: the version that is published now, if any.
        build: the bundles; None when the folder is what is published already.
        withdrawn: what is withdrawn of the pack now.
        keep: whether publishing is to leave it so.
        warnings: why videos are packed as they are.
        videos: digests of the folder's videos.
    """

    previous: Manifest | None
    build: Build | None
    withdrawn: list[Withdrawal] = field(default_factory=list)
    keep: bool = False
    warnings: list[PackhorseError] = field(default_factory=list)
    videos: frozenset[Digest] = frozenset()

    @property
    def manifest(self) -> Manifest | None:
        """The version that publishing leads to; None when there is nothing."""
        return self.build.manifest if self.build else self.previous

    @property
    def staying(self) -> list[Withdrawal]:
        """What publishing leaves withdrawn."""
        if self.keep:
            return self.withdrawn
        manifest = self.manifest
        return after_publishing(self.withdrawn, manifest.version) if manifest else []

    @property
    def returning(self) -> list[Withdrawal]:
        """What publishing brings back."""
        return [one for one in self.withdrawn if one not in self.staying]


@dataclass(frozen=True, kw_only=True)
class Publication(Comparison):
    """What is to be published, before anything is sent.

    Attributes:
        pack: its id.
        authority: by which right.
    """

    pack: PackId
    authority: Authority

    def is_due(self, now: datetime) -> bool:
        """Whether a third of the life of the publisher's signature has passed."""
        current = self.authority.current
        return current is not None and now >= current.expires - PUBLISHER_PERIOD * 2 / 3


@dataclass(frozen=True)
class Target:
    """Where to publish, with which key.

    Attributes:
        remote: the repository.
        signer: the publisher's key.
        after_another: whether another key may have signed the publisher's role last.
    """

    remote: Remote
    signer: CryptoSigner
    after_another: bool = False


def prepare(
    folder: Folder, target: Target, tools: Tools, now: datetime, *, keep: bool = False
) -> Publication:
    """Build what the folder's next version needs, against what is published now.

    Args:
        folder: what was scanned.
        target: where to publish, with which key.
        tools: what builds.
        now: the present.
        keep: whether what is withdrawn is to stay so.

    Raises:
        PackhorseError: of any family; nothing has been sent.
    """
    pack = folder.settings.id
    remote = target.remote
    authority = find_authority(remote, target.signer, pack, after_another=target.after_another)
    found = _compared(folder, remote, authority.current, tools, now)
    return Publication(
        pack=pack,
        authority=authority,
        keep=keep,
        previous=found.previous,
        build=found.build,
        withdrawn=found.withdrawn,
        warnings=found.warnings,
        videos=found.videos,
    )


def compare(folder: Folder, remote: Remote, tools: Tools, now: datetime) -> Comparison:
    """Build what the folder's next version needs, without a key: for a quote.

    Raises:
        PackhorseError: of any family.
    """
    current = find_published(remote, folder.settings.id)
    return _compared(folder, remote, current, tools, now)


def _compared(
    folder: Folder, remote: Remote, current: Targets | None, tools: Tools, now: datetime
) -> Comparison:
    pack = folder.settings.id
    release = published_release(remote, current, pack)
    previous = fetch_version(remote, release, tools.workspace) if release else None
    rendered, digests = rendered_folder(folder, tools, now, previous)
    manifest, is_new = next_manifest(
        folder.settings.version,
        previous,
        lambda version: make_manifest(rendered.folder, digests, version),
    )
    build = None
    if is_new:
        if release and previous:
            fetch_contents(remote, release, manifest, tools, previous)
        known = bases(tools.workspace, manifest.version, tools.deltas, published=True)
        build = build_bundles(folder, manifest, known, tools)
    target = current.targets.get(pack) if current else None
    withdrawn, _ = read_withdrawals(target.custom if target else None, pack)
    return Comparison(
        previous=previous,
        build=build,
        withdrawn=withdrawn,
        warnings=rendered.warnings,
        videos=frozenset(digests[video.path] for video in folder.videos),
    )


def upload(build: Build, remote: Remote, tools: Tools, now: datetime) -> tuple[bytes, int]:
    """Bring bundles and release up.

    Returns:
        The release's bytes, and how many bytes were sent in all.

    Raises:
        RefusedError: a file there is damaged.
        UnavailableError: the repository is out of reach.
    """
    links = [bundle.link for bundle in build.bundles]
    sent = 0
    with tools.phases("Uploading", sum(link.length for link in links)) as progress:
        for link in links:
            source = tools.workspace.bundle(link.index)
            sent += remote.upload(bundle_path(link.index), source, progress)
    release = _release(build, tools.workspace, now)
    if remote.put_named(release_path(build.manifest.pack, digest_of(release)), release):
        sent += len(release)
    return release, sent


def _release(build: Build, workspace: Workspace, now: datetime) -> bytes:
    """Give the release; an earlier try's, when it says the same but for its moment."""
    new = build.release(format_moment(now))
    old = workspace.release(new.version)
    if old and msgspec.structs.replace(old, published=new.published) == new:
        return encode_release(old)
    data = encode_release(new)
    workspace.put_release(new.version, data)
    return data
