"""The workspace: what the packager remembers of a pack between runs.

    blobs/ab/<digest>       content of the versions it knows, by digest
    versions/<n>.json       what it knows of version n (``KnownVersion``)
    bundles/ab/<digest>     finished bundles, under their index digests
    built/<key>.json        which bundle answers which question (``BuiltBundle``)
    files.msgpack           digests of the folder's files, by path, size, time and inode
    fingerprints/<digest>   what is known of content that deltas may refer to
    renditions/<digest>.msgpack  what is known of a video, and what was made of it
    releases/<n>.json       the release of version n, when it was to be published
    staging/                unfinished files

All of it can be deleted: it is made again from the folder and from the repository.
Rules: names appear when the content is durable; content is verified when it is used.
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from cache import durable
from core.codec import decode_json, decode_msgpack
from core.digest import Digest, digest_of
from core.errors import ExhaustedError, PackhorseError, RefusedError
from core.manifest import MAX_MANIFEST_BYTES, Manifest, Version, decode_manifest, encode_manifest
from core.names import PackId
from core.release import BundleLink, Release, bundle_path, decode_release
from packager.faults import is_full
from packager.reading import CHUNK, Signature

DEFAULT_NAME: Final = ".packhorse"
_FOLDERS: Final = (
    *("blobs", "versions", "bundles", "built", "fingerprints", "releases", "renditions"),
    "staging",
)
_MAX_RECORD: Final = 64 * 1024
_MAX_FILES_RECORD: Final = 64 * 1024 * 1024
T = TypeVar("T")


class KnownVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was built here or fetched.

    Attributes:
        version: its number.
        manifest: digest of its manifest, which is kept as a blob.
        published: whether the repository had it, as far as this workspace knows.
    """

    version: Version
    manifest: Digest
    published: bool = False


class BuiltBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A finished bundle, and what it was made for, at which level."""

    pack: PackId
    version: Version
    manifest: Digest
    link: BundleLink
    level: int


class SeenFile(msgspec.Struct, frozen=True, array_like=True):
    """A file's digest, while its signature is the same."""

    signature: Signature
    digest: Digest


class Workspace:
    """A pack's workspace directory, made when it is not there."""

    def __init__(self, place: Path) -> None:
        """Open the workspace at ``place``."""
        self.place = place
        self._verified: set[Digest] = set()
        for name in _FOLDERS:
            durable.make_directory(place / name)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace against other packagers, and clear what killed ones left.

        Raises:
            AlreadyRunningError: another one works here.
            ExhaustedError: the disk is full.
        """
        with durable.lock(self.place / "lock", "The packager"):
            for leftover in (self.place / "staging").iterdir():
                durable.remove(leftover)
            try:
                yield
            except OSError as error:
                if not is_full(error):
                    raise
                raise ExhaustedError(
                    "There is no space left for the workspace {place}.",
                    hint="Free some space, or choose another place with --workspace; what is"
                    " finished is kept.",
                    place=str(self.place),
                ) from error

    def staging(self, name: str) -> Path:
        """Give the path of an unfinished file."""
        return self.place / "staging" / name

    # Blobs.

    def blob(self, digest: Digest) -> Path:
        """Give a blob's path."""
        return self.place / "blobs" / digest[:2] / digest

    def has_blob(self, digest: Digest, size: int) -> bool:
        """Whether a blob is here, by name and size; ``holds`` reads it."""
        path = self.blob(digest)
        return path.is_file() and path.stat().st_size == size

    def holds(self, digest: Digest) -> bool:
        """Whether a blob is here with its right content; a wrong one is removed."""
        if digest in self._verified:
            return True
        try:
            with self.blob(digest).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return False
        if found != digest:
            # A linked file that was changed in place, or a bad disk.
            durable.remove(self.blob(digest))
            return False
        self._verified.add(digest)
        return True

    def still_holds(self, digest: Digest) -> bool:
        """Like ``holds``, but read again, since others may write to a file that was linked."""
        self._verified.discard(digest)
        return self.holds(digest)

    def written_at(self, digest: Digest) -> int | None:
        """Give when a blob was written to last, nanoseconds; None when it is not here."""
        try:
            return self.blob(digest).stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def read_slice(self, digest: Digest, offset: int, length: int) -> bytes:
        """Read a part of a blob."""
        with self.blob(digest).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def chunks(self, digest: Digest, offset: int, length: int) -> Iterator[bytes]:
        """Read a part of a blob, a chunk at a time."""
        with self.blob(digest).open("rb") as file:
            file.seek(offset)
            while length and (chunk := file.read(min(CHUNK, length))):
                length -= len(chunk)
                yield chunk

    def put_blob(self, data: bytes) -> Digest:
        """Keep a small blob, such as a manifest."""
        digest = digest_of(data)
        if not self.has_blob(digest, len(data)):
            durable.make_directory(self.blob(digest).parent)
            durable.write_file(self.blob(digest), data)
        return digest

    def adopt_blob(self, staged: Path, digest: Digest) -> None:
        """Take a finished staging file in as a blob."""
        durable.make_directory(self.blob(digest).parent)
        durable.replace(staged, self.blob(digest))

    def link_blob(self, source: Path, digest: Digest) -> None:
        """Take a file in as a blob without a copy, where the file system can."""
        durable.make_directory(self.blob(digest).parent)
        durable.link_or_copy(source, self.blob(digest))

    # Versions.

    def versions(self) -> list[KnownVersion]:
        """Give the versions known here, newest first."""
        records = [_record(p, KnownVersion) for p in (self.place / "versions").glob("*.json")]
        return sorted((r for r in records if r), key=lambda record: -record.version)

    def remember(self, manifest: Manifest, *, published: bool) -> KnownVersion:
        """Keep a version's manifest; what was published stays so."""
        digest = self.put_blob(encode_manifest(manifest))
        path = self.place / "versions" / f"{manifest.version}.json"
        known = _record(path, KnownVersion)
        was = known is not None and known.manifest == digest and known.published
        record = KnownVersion(version=manifest.version, manifest=digest, published=published or was)
        if record != known:
            durable.write_file(path, msgspec.json.encode(record))
        return record

    def keep_only(self, pack: PackId) -> None:
        """Forget the versions of other packs, such as those that a copied folder brought."""
        for known in self.versions():
            manifest = self.manifest_of(known)
            if manifest and manifest.pack != pack:
                for kind in ("versions", "releases"):
                    durable.remove(self.place / kind / f"{known.version}.json")

    def manifest_of(self, known: KnownVersion) -> Manifest | None:
        """Give a version's manifest, or None when it is not here any more."""
        if not self.holds(known.manifest):
            return None
        data = self.read_slice(known.manifest, 0, MAX_MANIFEST_BYTES + 1)
        try:
            return decode_manifest(data)
        except RefusedError:
            return None

    def release(self, version: int) -> Release | None:
        """Give the release that was made of a version, if one was."""
        try:
            return decode_release((self.place / "releases" / f"{version}.json").read_bytes())
        except (FileNotFoundError, RefusedError):
            return None

    def put_release(self, version: int, data: bytes) -> None:
        """Keep a version's release, so that publishing again publishes the same."""
        durable.write_file(self.place / "releases" / f"{version}.json", data)

    # Bundles.

    def bundle(self, index: Digest) -> Path:
        """Give a bundle's path; laid out as in a repository."""
        return self.place / bundle_path(index)

    def built(self, key: Digest) -> BuiltBundle | None:
        """Give the bundle that was built under ``key``, when it is still here."""
        record = _record(self.place / "built" / f"{key}.json", BuiltBundle)
        if record is None or not self._is_whole(record.link):
            return None
        return record

    def all_built(self) -> list[BuiltBundle]:
        """Give all finished bundles, newest version first."""
        records = [_record(p, BuiltBundle) for p in (self.place / "built").glob("*.json")]
        whole = [r for r in records if r and self._is_whole(r.link)]
        return sorted(whole, key=lambda record: -record.version)

    def put_bundle(self, key: Digest, staged: Path, record: BuiltBundle) -> None:
        """Take a finished staging file in as a bundle."""
        path = self.bundle(record.link.index)
        durable.make_directory(path.parent)
        durable.replace(staged, path)
        durable.write_file(self.place / "built" / f"{key}.json", msgspec.json.encode(record))

    def _is_whole(self, link: BundleLink) -> bool:
        path = self.bundle(link.index)
        return path.is_file() and path.stat().st_size == link.length

    # The folder's files.

    def seen_files(self) -> dict[str, SeenFile]:
        """Give what is known of the folder's files."""
        path = self.place / "files.msgpack"
        try:
            data = path.read_bytes()
            kind = dict[str, SeenFile]
            return decode_msgpack(data, kind, what="The cache", limit=_MAX_FILES_RECORD)
        except (FileNotFoundError, PackhorseError):
            return {}

    def put_seen_files(self, seen: dict[str, SeenFile]) -> None:
        """Remember the folder's files."""
        durable.write_file(self.place / "files.msgpack", msgspec.msgpack.encode(seen))

    def video(self, source: Digest) -> Path:
        """Give the path of what is known of a video."""
        return self.place / "renditions" / f"{source}.msgpack"

    def fingerprints(self, digest: Digest) -> Path:
        """Give the path of what is known of content that deltas may refer to."""
        return self.place / "fingerprints" / digest

    # Space.

    def prune(self, keep: int, videos: Collection[Digest] = ()) -> None:
        """Forget all but the ``keep`` newest versions, then what nothing names any more.

        Args:
            keep: how many versions stay.
            videos: those of the folder, of which stays what is known.
        """
        versions = self.versions()
        for known in versions[keep:]:
            for kind in ("versions", "releases"):
                durable.remove(self.place / kind / f"{known.version}.json")
        kept = versions[:keep]
        wanted = {known.manifest for known in kept}
        for known in kept:
            manifest = self.manifest_of(known)
            wanted.update(manifest.digests() if manifest else ())
        for path in (
            *(self.place / "blobs").glob("*/*"),
            *(self.place / "fingerprints").iterdir(),
        ):
            if path.name not in wanted:
                durable.remove(path)
        for path in (self.place / "renditions").glob("*.msgpack"):
            if path.stem not in videos:
                durable.remove(path)
        self._prune_bundles({known.manifest for known in kept[:2]})

    def prune_superseded(self) -> None:
        """Forget the bundles of what no version is any more: of folders that were edited since."""
        self._prune_bundles({known.manifest for known in self.versions()})

    def _prune_bundles(self, manifests: set[Digest]) -> None:
        bundles: set[str] = set()
        for path in (self.place / "built").glob("*.json"):
            record = _record(path, BuiltBundle)
            if record and record.manifest in manifests:
                bundles.add(record.link.index)
            else:
                durable.remove(path)
        for path in (self.place / "bundles").glob("*/*"):
            if path.name not in bundles:
                durable.remove(path)


def _record(path: Path, kind: type[T]) -> T | None:
    """Read a record; a damaged one counts as missing, since all is made again."""
    try:
        return decode_json(path.read_bytes(), kind, what=path.name, limit=_MAX_RECORD)
    except (FileNotFoundError, RefusedError):
        return None
