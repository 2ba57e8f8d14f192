"""A whole signed repository in a temporary directory, with a sequencer that tests call by hand.

Made from ``core`` alone, so that it depends on no application under test:

    tiny = TinyRepository(tmp_path)                     # root, targets, publisher, tip
    publish_files(tiny, "demo/county/fish", {"1.txt": b"..."}, 1)   # signed and sequenced
    tiny.directory                                      # serve or copy this
    tiny.root_digest                                    # what a token carries
    tiny.publisher_key_file                             # for ``pack publish --key``
    tiny.sequence()                                     # take what lies in incoming/
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from core.bundle.encode import encode_block
from core.bundle.frame import encode_head, index_digest
from core.bundle.index import MAX_BLOCK_BYTES, Block, Index, Output, Slice
from core.digest import Digest, digest_of
from core.errors import RefusedError
from core.kinds import kind_of, media_type
from core.manifest import FORMAT as MANIFEST_FORMAT
from core.manifest import File, Item, Manifest, decode_manifest, encode_manifest
from core.names import PackId, parse_pack_id
from core.release import FORMAT as RELEASE_FORMAT
from core.release import BundleLink, Release, bundle_path, encode_release, release_path
from core.tip import Tip, encode_tip
from core.trust import edit, roles
from core.trust.verify import verify_role
from core.trusted_time import format_moment

if TYPE_CHECKING:
    from tuf.api.metadata import Snapshot, Timestamp

LEVEL = 3


class TinyRepository:
    """One root, one publisher, one key for each role.

    Attributes:
        directory: the static file tree.
        keys: directory of the private keys, one PEM file for each role.
        now: the moment that signatures are made at; the real one unless given, so that nothing
            made here has expired. Tests may move it.
        blobs: every blob published by ``publish_files``, by digest.
    """

    def __init__(
        self, path: Path, place: str = "demo/county", *, now: datetime | None = None
    ) -> None:
        self.directory = path / "repository"
        self.keys = path / "keys"
        self.publisher = roles.publisher_of(place)
        self.now = now or datetime.now(UTC)
        self.blobs: dict[Digest, bytes] = {}
        self.signers = {
            name: self._new_key(name)
            for name in ("root", "targets", "snapshot", "timestamp", self.publisher_key_name)
        }
        tops = {name: [self.signers[name]] for name in ("root", "targets", "snapshot", "timestamp")}
        root = edit.new_root(tops, {}, self.now)
        self.root = self._store(roles.metadata_path("root", 1), edit.sign(root, tops["root"]))
        self.targets = edit.delegate(
            edit.new_targets(self.now), self.publisher, [self.publisher_signer]
        )
        self._store(roles.metadata_path("targets", 1), edit.sign(self.targets, tops["targets"]))
        self.role = edit.new_targets(self.now)
        self._store(
            roles.metadata_path(self.publisher.role, 1),
            edit.sign(self.role, [self.publisher_signer]),
        )
        self._snapshot: Snapshot | None = None
        self._timestamp: Timestamp | None = None
        self.resign()

    @property
    def root_digest(self) -> Digest:
        """Digest of the first root, as a token carries it."""
        return digest_of(self.root)

    @property
    def publisher_key_name(self) -> str:
        """Name of the publisher's key file, without its ending."""
        return f"publisher.{self.publisher.role}"

    @property
    def publisher_key_file(self) -> Path:
        """The publisher's private key, PKCS8 PEM."""
        return self.keys / f"{self.publisher_key_name}.pem"

    @property
    def publisher_signer(self) -> CryptoSigner:
        """What signs the publisher's role."""
        return self.signers[self.publisher_key_name]

    def sequence(self) -> int:
        """Take in what lies in ``incoming/``; gives how many role files were accepted."""
        taken = 0
        for path in sorted(self.directory.glob("incoming/*.json")):
            role = path.name.removesuffix(".json").rpartition(".")[0]
            data = path.read_bytes()
            try:
                self.role = verify_role(data, role, self.targets, self.role, self.now)
            except RefusedError as error:
                answer = json.dumps({"error": str(error), "hint": error.hint})
                path.with_suffix(".rejected").write_text(answer, encoding="utf-8")
            else:
                self._store(roles.metadata_path(role, self.role.version), data)
                taken += 1
            path.unlink()
        if taken:
            self.resign()
        return taken

    def resign(self) -> None:
        """Write the next snapshot, timestamp and tip."""
        versions = {"targets": self.targets.version, self.publisher.role: self.role.version}
        self._snapshot = edit.next_snapshot(self._snapshot, versions, self.now)
        version = self._snapshot.version
        snapshot = edit.sign(self._snapshot, [self.signers["snapshot"]])
        self._store(roles.metadata_path("snapshot", version), snapshot)
        self._timestamp = edit.next_timestamp(self._timestamp, version, self.now)
        timestamp = edit.sign(self._timestamp, [self.signers["timestamp"]])
        self._store(roles.TIMESTAMP_PATH, timestamp)
        tip = Tip(1, timestamp, version, snapshot)
        self._store(roles.TIP_PATH, encode_tip(tip))
        for older in range(1, version + 1):
            base = (self.directory / roles.metadata_path("snapshot", older)).read_bytes()
            self._store(roles.tip_path(older), encode_tip(tip, base))

    def put_release(self, release: Release) -> None:
        """Store a release and sign the publisher's next role that names it."""
        data = encode_release(release)
        self._store(release_path(release.pack, digest_of(data)), data)
        new = edit.put_release(self.role, release.pack, data, self.now)
        signed = edit.sign(new, [self.publisher_signer])
        self._store(f"incoming/{self.publisher.role}.{new.version}.json", signed)

    def store_bundle(self, head: bytes, payloads: list[bytes], base: int) -> BundleLink:
        """Store a bundle under its index digest."""
        index = index_digest(head)
        data = self._store(bundle_path(index), head + b"".join(payloads))
        return BundleLink(base, len(data), len(head), index)

    def _new_key(self, name: str) -> CryptoSigner:
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.keys.mkdir(parents=True, exist_ok=True)
        file = self.keys / f"{name}.pem"
        file.touch(mode=0o600)
        file.write_bytes(pem)
        return CryptoSigner(key)

    def _store(self, path: str, data: bytes) -> bytes:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # Whoever reads at this moment sees the old file or the new one.
        unfinished = file.with_name(f".{file.name}.unfinished")
        unfinished.write_bytes(data)
        unfinished.replace(file)
        return data


def publish_files(
    repository: TinyRepository,
    pack: str,
    files: Mapping[str, bytes],
    version: int,
    *,
    base: Manifest | None = None,
) -> Manifest:
    """Publish and sequence ``files`` as a pack version; every file is an item of its own.

    Args:
        repository: where to.
        pack: the pack's id.
        files: content by path.
        version: the version.
        base: what an earlier call gave: a delta from it is published beside the full bundle.
    """
    return publish_manifest(repository, manifest_of(pack, files, version), files, base=base)


def publish_manifest(
    repository: TinyRepository,
    manifest: Manifest,
    files: Mapping[str, bytes],
    *,
    base: Manifest | None = None,
) -> Manifest:
    """Publish and sequence a version as its manifest has it; see ``publish_files``."""
    repository.blobs.update({digest_of(data): data for data in files.values()})
    plain = encode_manifest(manifest)
    links = [bundle_of(repository, manifest)]
    if base is not None:
        links.append(bundle_of(repository, manifest, base))
    repository.put_release(
        Release(
            format=RELEASE_FORMAT,
            pack=manifest.pack,
            version=manifest.version,
            published=format_moment(repository.now),
            title=manifest.title,
            manifest=digest_of(plain),
            manifest_size=len(plain),
            content_size=sum(manifest.digests().values()),
            bundles=links,
        )
    )
    repository.sequence()
    return decode_manifest(plain)


def manifest_of(pack: str, files: Mapping[str, bytes], version: int) -> Manifest:
    """Give the manifest in which every file is an item of its own, ``item-1`` and so on."""
    rows = [
        File(path, digest_of(data), len(data), media_type(path))
        for path, data in sorted(files.items())
    ]
    items = [
        Item(f"item-{number}", {"en": row.path}, kind_of(row.path), row.path, [row.path])
        for number, row in enumerate(rows, 1)
    ]
    name = parse_pack_id(pack)
    return Manifest(
        format=MANIFEST_FORMAT,
        pack=name,
        version=version,
        title={"en": name},
        items=items,
        files=rows,
    )


def bundle_of(
    repository: TinyRepository, manifest: Manifest, base: Manifest | None = None
) -> BundleLink:
    """Make one bundle, each block of one file; a file too large for one has several."""
    writer = _Writer(repository, base)
    plain = encode_manifest(manifest)
    old_manifest = encode_manifest(base) if base else b""
    writer.add(plain, old_manifest)
    held = base.digests() if base else {}
    old_paths = {file.path: file.digest for file in base.files} if base else {}
    done: set[Digest] = set(held)
    for file in manifest.files:
        if file.digest not in done:
            done.add(file.digest)
            old = old_paths.get(file.path)
            reference = repository.blobs[old] if old else b""
            writer.add(repository.blobs[file.digest], reference[:MAX_BLOCK_BYTES])
    return writer.finish(manifest.pack, manifest.version)


class _Writer:
    def __init__(self, repository: TinyRepository, base: Manifest | None) -> None:
        self._repository = repository
        self._base = base.version if base else 0
        self._sources: list[bytes] = []
        self._outputs: list[Output] = []
        self._blocks: list[Block] = []
        self._payloads: list[bytes] = []

    def add(self, data: bytes, reference: bytes) -> None:
        number = len(self._outputs)
        self._outputs.append(Output(bytes.fromhex(digest_of(data)), len(data)))
        slices: list[Slice] = []
        if reference:
            slices = [(len(self._sources), 0, len(reference))]
            self._sources.append(bytes.fromhex(digest_of(reference)))
        for offset in range(0, len(data), MAX_BLOCK_BYTES):
            piece = data[offset : offset + MAX_BLOCK_BYTES]
            codec, payload = encode_block(piece, reference, LEVEL)
            self._payloads.append(payload)
            self._blocks.append(
                Block(
                    codec,
                    len(payload),
                    bytes.fromhex(digest_of(payload)),
                    [(number, offset, len(piece))],
                    slices if codec else [],
                )
            )

    def finish(self, pack: PackId, version: int) -> BundleLink:
        index = Index(pack, version, self._base, self._sources, self._outputs, self._blocks)
        return self._repository.store_bundle(encode_head(index), self._payloads, self._base)
